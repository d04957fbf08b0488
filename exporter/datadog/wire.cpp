#include "datadog/wire.h"

#include "base/address.h"
#include "base/descriptor.h"
#include "base/pem.h"
#include "base/text.h"
#include "datadog/answer.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>

namespace exporter::datadog {

namespace {

constexpr std::size_t largest_piece = std::numeric_limits<int>::max();

/// Accepts only a certificate for this host, by RFC 9525: only subject alternative names count, not the
/// common name, and `*` stands for a whole label. By default, OpenSSL falls back to the common name, and
/// accepts `loc*.example.test` for `localhost.example.test`; Go and browsers accept neither.
bool expect_host(SSL* ssl, const std::string& host) {
    ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (base::parse_ip(host)) {
        return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), host.c_str()) == 1;
    }
    // SSL_set_tlsext_host_name is a macro that does this, with a cast that our warnings refuse.
    const long named = ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                  const_cast<char*>(host.c_str()));
    return named == 1 && ::SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

TlsContext::TlsContext() : context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free) {
    if (!context_) {
        problem_ = "OpenSSL can't be set up: " + base::openssl_reason();
        return;
    }
    ::SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsContext::TlsContext(const std::string& ca_file) : TlsContext() {
    if (!context_) {
        return;
    }
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (ca_file.empty()) {
        if (::SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
            problem_ = "the system's CA certificates can't be loaded: " + base::openssl_reason();
        }
        return;
    }
    // SSL_CTX_load_verify_locations would block on a named pipe.
    const auto file = base::read_certificate_file(ca_file, "the file of CA certificates " + ca_file);
    if (!file) {
        problem_ = file.error();
        return;
    }
    X509_STORE* const store = ::SSL_CTX_get_cert_store(context_.get());
    for (const auto& certificate : file->certificates) {
        if (::X509_STORE_add_cert(store, certificate.get()) != 1) {
            problem_ =
                fmt::format("the CA certificates of {} can't be used: {}", ca_file, base::openssl_reason());
            return;
        }
    }
}

void Wire::begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline) {
    silence_ = silence;
    deadline_ = deadline;
    silent_ = false;
}

Result<int> Wire::connect(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (status != 0) {
        return tl::unexpected(
            Error{ErrorKind::dns, fmt::format("{} does not resolve: {}", host, ::gai_strerror(status))});
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
    Result<int> connected = tl::unexpected(Error{});
    for (const addrinfo* one = found; one != nullptr && !connected; one = one->ai_next) {
        connected = connect_to(*one->ai_addr, one->ai_addrlen);
    }
    return connected;
}

Result<int> Wire::connect(const std::string& unix_path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);  // Option parsing rejects longer paths.
    return connect_to(reinterpret_cast<const sockaddr&>(address), sizeof address);
}

Result<int> Wire::connect_to(const sockaddr& address, socklen_t size) {
    base::Descriptor socket(::socket(address.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int at_once = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    attach(socket.get());
    silent_ = false;  // An earlier address may have set it.
    // The second call returns the result of the first.
    if (::connect(socket.get(), &address, size) == 0 ||
        (errno == EINPROGRESS && wait_for(POLLOUT) && ::connect(socket.get(), &address, size) == 0)) {
        return socket.release();
    }
    detach();
    return tl::unexpected(
        Error{ErrorKind::connect, silent_ ? "no answer in time" : "refused or unreachable"});
}

void Wire::attach(int socket) {
    detach();
    const std::lock_guard lock(mutex_);
    socket_ = socket;
}

void Wire::detach(bool say_goodbye) {
    if (ssl_ && say_goodbye) {
        begin_tls_turn();
        ::SSL_shutdown(ssl_.get());
    }
    ssl_.reset();
    was_asked_for_certificate_ = false;
    alert_.clear();
    const std::lock_guard lock(mutex_);
    socket_ = -1;
}

void Wire::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    ::shutdown(socket_, SHUT_RDWR);
}

bool Wire::wait_after(int result, short events) {
    if (!ssl_) {
        return result < 0 && (errno == EINTR || (errno == EAGAIN && wait_for(events)));
    }
    switch (::SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return wait_for(POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return wait_for(POLLOUT);
        default:
            return false;
    }
}

template <class Operation>
int Wire::until_done(short events, Operation operation) {
    for (;;) {
        if (ssl_) {
            begin_tls_turn();
        }
        // Checked here too: if the peer always has more data, no call waits.
        silent_ = std::chrono::steady_clock::now() >= deadline_;
        if (silent_ || cancelled_) {
            return -1;
        }
        const int result = operation();
        if (result > 0 || !wait_after(result, events)) {
            return result;
        }
    }
}

void Wire::begin_tls_turn() {
    ::ERR_clear_error();  // Otherwise SSL_get_error attributes an old error to this call.
    tls_socket_->begin_turn();
}

Result<void> Wire::start_tls(const TlsContext& context, const std::string& host) {
    if (context.get() == nullptr) {
        return tl::unexpected(Error{ErrorKind::tls, context.problem()});
    }
    ssl_.reset(::SSL_new(context.get()), ::SSL_free);
    tls_socket_ = ssl_ ? base::TlsSocket::attach(ssl_.get(), socket_) : nullptr;
    if (tls_socket_ == nullptr || !expect_host(ssl_.get(), host)) {
        return tl::unexpected(Error{ErrorKind::internal, "TLS can't be set up"});
    }
    const auto note_request = [](SSL* /*ssl*/, void* was_asked) {
        *static_cast<bool*>(was_asked) = true;
        return 1;  // Continue without a certificate.
    };
    ::SSL_set_cert_cb(ssl_.get(), note_request, &was_asked_for_certificate_);
    if (until_done(0, [this] { return ::SSL_connect(ssl_.get()); }) != 1) {
        return tl::unexpected(handshake_error());
    }
    tls_socket_->expect_data();
    return {};
}

Error Wire::handshake_error() const {
    if (tls_socket_->is_flooded()) {
        return {ErrorKind::tls,
                fmt::format("the TLS handshake took more than {} records", base::most_handshake_records)};
    }
    const long result = ::SSL_get_verify_result(ssl_.get());
    if (result != X509_V_OK && ::SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
        return {ErrorKind::tls, ::X509_verify_cert_error_string(result)};
    }
    if (silent_) {
        return {ErrorKind::timeout, "the TLS handshake timed out"};
    }
    const std::string words = tls_words();
    return words.empty() ? Error{ErrorKind::network, "the connection broke in the TLS handshake"}
                         : Error{ErrorKind::tls, words};
}

std::string Wire::tls_words() const {
    const unsigned long reason = ::ERR_peek_error();
    const bool ended =
        ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (reason == 0 || ended) {
        return {};
    }
    const char* const words = ::ERR_reason_error_string(reason);
    std::string text = words != nullptr ? words : "the handshake failed";
    if (was_asked_for_certificate_) {
        text += "; it asked for a client certificate, and the exporter has none";
    }
    return text;
}

bool Wire::wait_for(short events) {
    pollfd descriptor{socket_, events, 0};
    int ready = 0;
    do {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        const auto patience = std::clamp(left, std::chrono::milliseconds(0), silence_);
        ready = patience.count() > 0 && !cancelled_
                    ? ::poll(&descriptor, 1, static_cast<int>(patience.count()))
                    : 0;
    } while (ready < 0 && errno == EINTR);
    silent_ = ready <= 0;
    return !silent_;
}

bool Wire::is_idle() {
    char ignored = 0;
    if (!ssl_) {
        const ssize_t peeked = ::recv(socket_, &ignored, 1, MSG_PEEK | MSG_DONTWAIT);
        return peeked < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
    begin_tls_turn();
    // This also processes session tickets and similar messages.
    const int peeked = ::SSL_peek(ssl_.get(), &ignored, 1);
    return peeked <= 0 && ::SSL_get_error(ssl_.get(), peeked) == SSL_ERROR_WANT_READ;
}

// The first call skips `poll`, which costs as much: usually the socket is ready.
ssize_t Wire::read(char* target, std::size_t size) {
    const std::size_t most = std::min(size, largest_piece);
    const int received = until_done(POLLIN, [&] {
        return ssl_ ? ::SSL_read(ssl_.get(), target, static_cast<int>(most))
                    : static_cast<int>(::recv(socket_, target, most, 0));
    });
    if (!ssl_) {
        return received;
    }
    if (received > 0) {
        tls_socket_->expect_data();
        return received;
    }
    if (::SSL_get_error(ssl_.get(), received) == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    alert_ = tls_words();
    return -1;
}

bool Wire::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t most = std::min(bytes.size(), largest_piece);
        const int sent = until_done(POLLOUT, [&] {
            return ssl_ ? ::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(most))
                        : static_cast<int>(::send(socket_, bytes.data(), most, MSG_NOSIGNAL));
        });
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::optional<std::string> proxy_authorization(const config::Proxy& proxy) {
    if (!proxy.has_credentials()) {
        return std::nullopt;
    }
    return "Basic " + base::encode_base64((proxy.user + ":").append(proxy.password.expose()));
}

Result<void> open_tunnel(Wire& wire, const config::Endpoint& target, const config::Proxy& proxy) {
    const std::string authority = base::host_port_text({target.host, target.port});
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
    if (const auto authorization = proxy_authorization(proxy)) {
        request += fmt::format("Proxy-Authorization: {}\r\n", *authorization);
    }
    const bool is_sent = wire.write_all(request + "\r\n");
    AnswerReader answer(AnswerReader::Method::connect);
    // One byte at a time: bytes after the answer don't belong to the proxy.
    while (!answer.is_whole() && !answer.failure()) {
        char byte = 0;
        if (is_sent && wire.read(&byte, 1) > 0) {
            std::string_view bytes(&byte, 1);
            (void)answer.take(bytes);
        } else {
            answer.end_of_bytes();
        }
    }
    if (wire.was_silent()) {
        return tl::unexpected(Error{ErrorKind::timeout, "it did not answer in time"});
    }
    if (answer.failure()) {
        return tl::unexpected(
            Error{ErrorKind::connect, fmt::format("it sent {}", answer.failure()->message)});
    }
    const AnswerHead* const head = answer.head();
    if (head->status < 200 || head->status > 299) {
        Error refusal{ErrorKind::connect,
                      one_line(fmt::format("it answered {} {}", head->status, head->reason))};
        refusal.definitive = head->status >= 400 && head->status <= 499;
        return tl::unexpected(std::move(refusal));
    }
    return {};
}

}  // namespace exporter::datadog
