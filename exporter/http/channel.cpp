#include "http/channel.h"

#include "base/tls_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace exporter::http {
namespace {

/// @param result of a call on a non-blocking socket
Transfer outcome(ssize_t result, Progress want) {
    if (result > 0) {
        return {Progress::done, static_cast<std::size_t>(result)};
    }
    return {errno == EAGAIN || errno == EINTR ? want : Progress::failed, 0};
}

Transfer send_plain(int socket, std::span<const std::string_view> pieces) {
    std::array<iovec, 4> parts{};
    const auto count = std::min(parts.size(), pieces.size());
    std::transform(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count), parts.begin(),
                   [](std::string_view piece) {
                       // iovec has no const pointers; sending does not write to the memory.
                       return iovec{const_cast<char*>(piece.data()), piece.size()};
                   });
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    return outcome(::sendmsg(socket, &message, MSG_NOSIGNAL), Progress::want_write);
}

/// Maximum data in one record (RFC 8446, 5.1).
constexpr std::size_t record_limit = 16384;

/// The first record's worth of the concatenated `pieces`, without copying if possible.
std::string_view first_record(std::span<const std::string_view> pieces,
                              std::array<char, record_limit>& buffer) {
    while (pieces.front().empty()) {
        pieces = pieces.subspan(1);
    }
    if (pieces.size() == 1 || pieces.front().size() >= record_limit) {
        return pieces.front();
    }
    std::size_t size = 0;
    for (const auto piece : pieces) {
        size += piece.copy(buffer.data() + size, buffer.size() - size);
    }
    return {buffer.data(), size};
}

/// Go's response plus one header field; search engines know Go's text.
constexpr std::string_view plain_http_answer =
    "HTTP/1.0 400 Bad Request\r\nCache-Control: no-store\r\n\r\nClient sent an HTTP request to an HTTPS "
    "server.\n";

bool spoke_plain_http() {
    const unsigned long error = ::ERR_peek_error();
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST;
}

void answer_plain_http(int socket) {
    if (::send(socket, plain_http_answer.data(), plain_http_answer.size(), MSG_NOSIGNAL) < 0) {
        return;
    }
    ::shutdown(socket, SHUT_WR);
    // Closing while input is unread would reset the connection, and the client might not see the answer.
    std::array<char, record_limit> rest;
    (void)::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT);
}

}  // namespace

Channel::Channel(int socket, std::shared_ptr<SSL> ssl) : socket_(socket), ssl_(std::move(ssl)) {
    bytes_ = ssl_ ? base::TlsSocket::attach(ssl_.get(), socket_) : nullptr;
    if (bytes_ == nullptr) {
        throw std::bad_alloc();
    }
}

// Call this before each OpenSSL call.
void Channel::begin_turn() {
    ::ERR_clear_error();  // Otherwise SSL_get_error could report an old error.
    bytes_->begin_turn();
}

template <class Call>
Transfer Channel::by_tls(Call call) {
    begin_turn();
    if (broken_) {
        return {Progress::failed, 0};
    }
    std::size_t bytes = 0;
    const int result = call(ssl_.get(), &bytes);
    if (result == 1) {
        return {Progress::done, bytes};
    }
    switch (::SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {Progress::want_read, 0};
        case SSL_ERROR_WANT_WRITE:
            return {Progress::want_write, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {Progress::end, 0};
        default:
            broken_ = true;
            return {Progress::failed, 0};
    }
}

Progress Channel::handshake() {
    if (!ssl_) {
        return Progress::done;
    }
    const auto progress = by_tls([](SSL* ssl, std::size_t* /*bytes*/) { return ::SSL_accept(ssl); }).progress;
    if (progress == Progress::done) {
        bytes_->expect_data();
    } else if (progress == Progress::failed && spoke_plain_http()) {
        answer_plain_http(socket_);
    }
    broken_ = broken_ || progress == Progress::end;
    return broken_ ? Progress::failed : progress;
}

Transfer Channel::read(std::span<char> into) {
    if (!ssl_) {
        const ssize_t received = ::recv(socket_, into.data(), into.size(), 0);
        return received == 0 ? Transfer{Progress::end, 0} : outcome(received, Progress::want_read);
    }
    const auto transfer = by_tls([into](SSL* ssl, std::size_t* received) {
        return ::SSL_read_ex(ssl, into.data(), into.size(), received);
    });
    if (transfer.progress == Progress::done) {
        bytes_->expect_data();
    }
    return transfer;
}

// With TLS, writes one record per call, as full as possible: a head and a short body share one.
Transfer Channel::write(std::span<const std::string_view> pieces) {
    if (!ssl_) {
        return send_plain(socket_, pieces);
    }
    std::array<char, record_limit> buffer;
    const auto bytes = first_record(pieces, buffer);
    return by_tls([bytes](SSL* ssl, std::size_t* sent) {
        return ::SSL_write_ex(ssl, bytes.data(), bytes.size(), sent);
    });
}

void Channel::finish() {
    if (ssl_ && !broken_) {
        begin_turn();
        (void)::SSL_shutdown(ssl_.get());
    }
    ::shutdown(socket_, SHUT_WR);
}

}  // namespace exporter::http
