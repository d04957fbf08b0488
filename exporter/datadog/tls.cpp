#include "datadog/tls.h"

#include "base/pem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace exporter::datadog {

namespace {

constexpr std::size_t largest_piece = std::numeric_limits<int>::max();

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

/// Set for a connection whose server has asked for a client certificate.
int asked_for_certificate_index() {
    static const int index =
        ::CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// OpenSSL calls this when the server asks.
int note_certificate_request(SSL* ssl, void* /*unused*/) {
    static char mark = 0;
    ::SSL_set_ex_data(ssl, asked_for_certificate_index(), &mark);
    return 1;  // Go on, with the certificate that there is: none.
}

bool was_asked_for_certificate(const SSL* ssl) {
    return ::SSL_get_ex_data(ssl, asked_for_certificate_index()) != nullptr;
}

/// Accepts only a certificate for this host, by RFC 9525: its subject alternative names count and its common
/// name does not, and `*` stands for a whole label. OpenSSL's defaults take a certificate without alternative
/// names by its common name, and `loc*.example.test` for `localhost.example.test`; Go and browsers take
/// neither.
bool expect_host(SSL* ssl, const std::string& host, bool verifies) {
    ::SSL_set_verify(ssl, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address(host)) {
        return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), host.c_str()) == 1;
    }
    // SSL_set_tlsext_host_name is a macro that does this, with a cast that our warnings refuse.
    const long named = ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                  const_cast<char*>(host.c_str()));
    return named == 1 && ::SSL_set1_host(ssl, host.c_str()) == 1;
}

bool is_tls_reason(unsigned long reason) {
    const bool ended =
        ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    return reason != 0 && !ended;
}

/// What OpenSSL, or the peer by an alert, says that went wrong.
std::string words_of(const SSL* ssl, unsigned long reason) {
    const char* const words = ::ERR_reason_error_string(reason);
    std::string text = words != nullptr ? words : "the handshake failed";
    if (was_asked_for_certificate(ssl)) {
        text += "; it asked for a client certificate, and the exporter has none to give";
    }
    return text;
}

Error handshake_error(const SSL* ssl, const base::TlsSocket& bytes, const Wire& wire) {
    if (bytes.is_flooded()) {
        return {.kind = ErrorKind::tls,
                .message =
                    fmt::format("the TLS handshake took more than {} records", base::most_handshake_records),
                .retry_after = {}};
    }
    const long result = ::SSL_get_verify_result(ssl);
    if (result != X509_V_OK && ::SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
        return {
            .kind = ErrorKind::tls, .message = ::X509_verify_cert_error_string(result), .retry_after = {}};
    }
    if (wire.was_silent()) {
        return {.kind = ErrorKind::timeout,
                .message = "the TLS handshake was not answered in time",
                .retry_after = {}};
    }
    const unsigned long reason = ::ERR_peek_error();
    if (!is_tls_reason(reason)) {
        return {.kind = ErrorKind::network,
                .message = "the connection broke in the TLS handshake",
                .retry_after = {}};
    }
    return {.kind = ErrorKind::tls, .message = words_of(ssl, reason), .retry_after = {}};
}

}  // namespace

TlsContext::TlsContext() : context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free), verifies_(false) {
    if (!context_) {
        problem_ = "OpenSSL can't be set up: " + base::openssl_reason();
        return;
    }
    ::SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

TlsContext::TlsContext(const std::string& ca_file) : TlsContext() {
    verifies_ = true;
    if (!context_) {
        return;
    }
    if (ca_file.empty()) {
        trust_system();
    } else {
        trust(ca_file);
    }
    if (!problem_.empty()) {
        context_.reset();
    }
}

void TlsContext::trust_system() {
    if (::SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
        problem_ = "the system's CA certificates can't be loaded: " + base::openssl_reason();
    }
}

void TlsContext::trust(const std::string& ca_file) {
    // Not by SSL_CTX_load_verify_locations: it would wait for the writer of a named pipe.
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

Result<TlsConnection> TlsConnection::open(const TlsContext& context, int socket, const std::string& host,
                                          Wire& wire) {
    if (context.get() == nullptr) {
        return tl::unexpected(Error{ErrorKind::tls, context.problem(), std::nullopt});
    }
    const std::shared_ptr<SSL> made(::SSL_new(context.get()), ::SSL_free);
    SSL* const ssl = made.get();
    base::TlsSocket* const bytes = ssl != nullptr ? base::TlsSocket::attach(ssl, socket) : nullptr;
    const int flags = ::fcntl(socket, F_GETFL);
    if (bytes == nullptr || !expect_host(ssl, host, context.verifies()) ||
        ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) {
        return tl::unexpected(Error{ErrorKind::internal, "TLS can't be set up", std::nullopt});
    }
    ::SSL_set_cert_cb(ssl, note_certificate_request, nullptr);
    TlsConnection connection(made, bytes, socket, wire);
    for (;;) {
        connection.begin_turn();
        const int result = ::SSL_connect(ssl);
        if (result == 1) {
            bytes->expect_data();
            return connection;
        }
        if (!connection.wait_after(result)) {
            return tl::unexpected(handshake_error(ssl, *bytes, wire));
        }
    }
}

void TlsConnection::begin_turn() {
    ::ERR_clear_error();  // Or SSL_get_error takes an old error for this call's.
    bytes_->begin_turn();
}

bool TlsConnection::wait_after(int result) {
    switch (::SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return wire_->wait_for(socket_, POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return wire_->wait_for(socket_, POLLOUT);
        default:
            return false;
    }
}

bool TlsConnection::is_idle() {
    begin_turn();
    char ignored = 0;
    // Session tickets and the like are read on the way.
    const int peeked = ::SSL_peek(ssl_.get(), &ignored, 1);
    return peeked <= 0 && ::SSL_get_error(ssl_.get(), peeked) == SSL_ERROR_WANT_READ;
}

ssize_t TlsConnection::read(char* target, std::size_t size) {
    for (;;) {
        begin_turn();
        const int received = ::SSL_read(ssl_.get(), target, static_cast<int>(std::min(size, largest_piece)));
        if (received > 0) {
            bytes_->expect_data();
            return received;
        }
        if (::SSL_get_error(ssl_.get(), received) == SSL_ERROR_ZERO_RETURN) {
            return 0;
        }
        if (!wait_after(received)) {
            note_alert();
            return -1;
        }
    }
}

void TlsConnection::note_alert() {
    if (const unsigned long reason = ::ERR_peek_error(); is_tls_reason(reason)) {
        alert_ = words_of(ssl_.get(), reason);
    }
}

ssize_t TlsConnection::write(const char* bytes, std::size_t size) {
    for (;;) {
        begin_turn();
        const int sent = ::SSL_write(ssl_.get(), bytes, static_cast<int>(std::min(size, largest_piece)));
        if (sent > 0) {
            return sent;
        }
        if (!wait_after(sent)) {
            return -1;
        }
    }
}

void TlsConnection::say_goodbye() {
    begin_turn();
    ::SSL_shutdown(ssl_.get());
}

}  // namespace exporter::datadog
