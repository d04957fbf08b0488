#include "http/channel.h"

#include "base/tls_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace exporter::http {
namespace {

class PlainChannel final : public Channel {
  public:
    explicit PlainChannel(int socket) : socket_(socket) {}

    Progress handshake() override { return Progress::done; }

    Transfer read(std::span<char> into) override {
        const auto received = again([&] { return ::recv(socket_, into.data(), into.size(), 0); });
        if (received == 0) {
            return {Progress::end, 0};
        }
        return outcome(received, Progress::want_read);
    }

    Transfer write(std::span<const std::string_view> pieces) override {
        std::array<iovec, 4> parts{};
        const auto count = std::min(parts.size(), pieces.size());
        std::transform(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count), parts.begin(),
                       [](std::string_view piece) {
                           // The interface is older than const: sending does not write to it.
                           return iovec{const_cast<char*>(piece.data()), piece.size()};
                       });
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        return outcome(again([&] { return ::sendmsg(socket_, &message, MSG_NOSIGNAL); }),
                       Progress::want_write);
    }

    void finish() override { ::shutdown(socket_, SHUT_WR); }

  private:
    template <class Call>
    static ssize_t again(Call call) {
        for (;;) {
            const ssize_t result = call();
            if (result >= 0 || errno != EINTR) {
                return result;
            }
        }
    }

    static Transfer outcome(ssize_t result, Progress want) {
        if (result > 0) {
            return {Progress::done, static_cast<std::size_t>(result)};
        }
        const bool later = errno == EAGAIN || errno == EWOULDBLOCK;
        return {later ? want : Progress::failed, 0};
    }

    const int socket_;
};

/// The most that one record carries (RFC 8446, 5.1).
constexpr std::size_t record_limit = 16384;

/// Go's answer and a field: what it says is known to search engines.
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

class TlsChannel final : public Channel {
  public:
    TlsChannel(std::shared_ptr<SSL> ssl, int socket, std::shared_ptr<const void> owner)
        : owner_(std::move(owner)), ssl_(std::move(ssl)), socket_(socket) {
        bytes_ = ssl_ ? base::TlsSocket::attach(ssl_.get(), socket_) : nullptr;
        if (bytes_ == nullptr) {
            broken_ = true;
            ssl_.reset();
        }
    }

    Progress handshake() override {
        if (broken_) {
            return Progress::failed;
        }
        begin_turn();
        const auto progress = progress_after(::SSL_accept(ssl_.get()));
        if (progress == Progress::done) {
            bytes_->expect_data();
        } else if (progress == Progress::failed && spoke_plain_http()) {
            answer_plain_http(socket_);
        }
        return progress == Progress::end ? broken() : progress;
    }

    Transfer read(std::span<char> into) override {
        if (broken_) {
            return {Progress::failed, 0};
        }
        begin_turn();
        std::size_t received = 0;
        const int result = ::SSL_read_ex(ssl_.get(), into.data(), into.size(), &received);
        if (result == 1) {
            bytes_->expect_data();
        }
        return {progress_after(result), result == 1 ? received : 0};
    }

    // One record for each call, as full as can be: a head and a short body go together.
    Transfer write(std::span<const std::string_view> pieces) override {
        if (broken_) {
            return {Progress::failed, 0};
        }
        const auto first =
            std::find_if(pieces.begin(), pieces.end(), [](std::string_view piece) { return !piece.empty(); });
        std::array<char, record_limit> gathered;
        auto bytes = *first;
        if (bytes.size() < record_limit && std::next(first) != pieces.end()) {
            bytes = gather({first, pieces.end()}, gathered);
        }
        begin_turn();
        std::size_t sent = 0;
        const int result = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
        return {progress_after(result), result == 1 ? sent : 0};
    }

    void finish() override {
        if (!broken_) {
            begin_turn();
            (void)::SSL_shutdown(ssl_.get());
        }
        ::shutdown(socket_, SHUT_WR);
    }

  private:
    static std::string_view gather(std::span<const std::string_view> pieces,
                                   std::array<char, record_limit>& into) {
        std::size_t size = 0;
        for (const auto piece : pieces) {
            size += piece.copy(into.data() + size, into.size() - size);
        }
        return {into.data(), size};
    }

    void begin_turn() {
        ::ERR_clear_error();  // Or SSL_get_error takes an old error for this call's.
        bytes_->begin_turn();
    }

    Progress broken() {
        broken_ = true;
        return Progress::failed;
    }

    Progress progress_after(int result) {
        if (result == 1) {
            return Progress::done;
        }
        switch (::SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                return Progress::want_read;
            case SSL_ERROR_WANT_WRITE:
                return Progress::want_write;
            case SSL_ERROR_ZERO_RETURN:
                return Progress::end;
            default:
                return broken();
        }
    }

    const std::shared_ptr<const void> owner_;
    std::shared_ptr<SSL> ssl_;
    const int socket_;
    base::TlsSocket* bytes_ = nullptr;  ///< `ssl_`'s; null where that is
    bool broken_ = false;               ///< OpenSSL wants to be asked nothing more, not even to say goodbye
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
    return std::make_unique<PlainChannel>(socket);
}

std::unique_ptr<Channel> tls_channel(std::shared_ptr<SSL> ssl, int socket,
                                     std::shared_ptr<const void> owner) {
    return std::make_unique<TlsChannel>(std::move(ssl), socket, std::move(owner));
}

}  // namespace exporter::http
