#include "datadog/transport.h"

#include "datadog/tunnel.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace exporter::datadog {

namespace {

/// A connected socket, with TLS on it or without. Reads ahead; what it has read and nobody took is lost with
/// it.
class BoundedStream final : public httplib::Stream {
  public:
    BoundedStream(int socket, TlsConnection* tls, Wire& wire) : socket_(socket), tls_(tls), wire_(wire) {}

    [[nodiscard]] bool is_readable() const override {
        return begin_ < end_ || (tls_ != nullptr && tls_->has_pending()) || wire_.wait_for(socket_, POLLIN);
    }
    [[nodiscard]] bool is_writable() const override { return wire_.wait_for(socket_, POLLOUT); }

    ssize_t read(char* target, std::size_t size) override {
        if (begin_ == end_) {
            const ssize_t received = fill();
            if (received <= 0) {
                return received;
            }
        }
        const std::size_t taken = std::min(size, end_ - begin_);
        std::memcpy(target, buffer_.data() + begin_, taken);
        begin_ += taken;
        return static_cast<ssize_t>(taken);
    }

    ssize_t write(const char* bytes, std::size_t size) override {
        if (tls_ != nullptr) {
            return tls_->write(bytes, size);
        }
        return wire_.wait_for(socket_, POLLOUT) ? ::send(socket_, bytes, size, MSG_NOSIGNAL) : -1;
    }

    // Only the library's servers ask.
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        get_remote_ip_and_port(ip, port);
    }
    [[nodiscard]] socket_t socket() const override { return socket_; }

  private:
    ssize_t receive() {
        if (tls_ != nullptr) {
            return tls_->read(buffer_.data(), buffer_.size());
        }
        while (wire_.wait_for(socket_, POLLIN)) {
            const ssize_t received = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
            if (received >= 0 || errno != EINTR) {
                return received;
            }
        }
        return -1;
    }

    ssize_t fill() {
        const ssize_t received = receive();
        if (received <= 0) {
            return received;
        }
        begin_ = 0;
        end_ = static_cast<std::size_t>(received);
        if (!wire_.note({buffer_.data(), end_})) {
            end_ = 0;
            return -1;
        }
        return received;
    }

    const int socket_;
    TlsConnection* const tls_;
    Wire& wire_;
    std::array<char, std::size_t{16} << 10> buffer_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

Transport::Transport(config::Endpoint target, std::optional<config::Proxy> proxy, const TlsContext& trust,
                     Wire& wire)
    : ClientImpl(target.host, target.port),
      target_(std::move(target)),
      proxy_(std::move(proxy)),
      trust_(trust),
      wire_(wire) {
    if (!target_.tls && proxy_) {
        set_proxy(proxy_->host, proxy_->port);
        if (!proxy_->user.empty()) {
            set_proxy_basic_auth(proxy_->user, std::string(proxy_->password.expose()));
        }
    }
}

bool Transport::create_and_connect_socket(Socket& socket, httplib::Error& error) {
    failure_.reset();
    tls_.reset();
    if (!connect(socket, error)) {
        return false;
    }
    failure_ = prepare(socket.sock);
    if (failure_) {
        tls_.reset();
        ::shutdown(socket.sock, SHUT_RDWR);
        ::close(std::exchange(socket.sock, INVALID_SOCKET));
        error = httplib::Error::Connection;
    }
    return !failure_;
}

bool Transport::connect(Socket& socket, httplib::Error& error) {
    if (!target_.tls || !proxy_) {
        return ClientImpl::create_and_connect_socket(socket, error);
    }
    // The library connects to a proxy that it knows of, and then must not know of it any more: it would send
    // it the request.
    set_proxy(proxy_->host, proxy_->port);
    const bool connected = ClientImpl::create_and_connect_socket(socket, error);
    set_proxy("", -1);
    return connected;
}

std::optional<Error> Transport::prepare(int socket) {
    if (!target_.tls) {
        return std::nullopt;
    }
    if (proxy_) {
        if (auto opened = open_tunnel(socket, target_, *proxy_, wire_); !opened) {
            opened.error().message = fmt::format("the proxy {}:{} made no connection to {}: {}", proxy_->host,
                                                 proxy_->port, target_.url(), opened.error().message);
            return std::move(opened).error();
        }
    }
    auto connection = TlsConnection::open(trust_, socket, target_.host, wire_);
    if (!connection) {
        connection.error().message =
            fmt::format("no secure connection to {}: {}", target_.url(), connection.error().message);
        return std::move(connection).error();
    }
    tls_ = *std::move(connection);
    return std::nullopt;
}

bool Transport::process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) {
    BoundedStream stream(socket.sock, tls_ ? &*tls_ : nullptr, wire_);
    return callback(stream);
}

void Transport::shutdown_ssl(Socket& /*socket*/, bool shutdown_gracefully) {
    if (tls_ && shutdown_gracefully) {
        tls_->say_goodbye();
    }
    tls_.reset();
}

}  // namespace exporter::datadog
