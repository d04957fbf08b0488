#include "datadog/transport.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
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

/// As most servers have it for requests.
constexpr std::size_t longest_head_line = std::size_t{8} << 10;
constexpr std::size_t longest_head = std::size_t{128} << 10;

/// A connected socket, with TLS on it or without. Reads ahead; what it has read and nobody took is lost with
/// it.
class BoundedStream final : public httplib::Stream {
  public:
    BoundedStream(int socket, SSL* tls, Wire& wire) : socket_(socket), tls_(tls), wire_(wire) {}

    [[nodiscard]] bool is_readable() const override {
        return begin_ < end_ || (tls_ != nullptr && ::SSL_pending(tls_) > 0) || wait_for(POLLIN);
    }
    [[nodiscard]] bool is_writable() const override { return wait_for(POLLOUT); }

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
        if (!is_writable()) {
            return -1;
        }
        return tls_ != nullptr ? ::SSL_write(tls_, bytes, static_cast<int>(std::min(size, largest_write)))
                               : ::send(socket_, bytes, size, MSG_NOSIGNAL);
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
    static constexpr std::size_t largest_write = std::size_t{1} << 20;

    [[nodiscard]] bool wait_for(short events) const {
        pollfd descriptor{socket_, events, 0};
        int ready = 0;
        do {
            ready = ::poll(&descriptor, 1, static_cast<int>(wire_.patience().count()));
        } while (ready < 0 && errno == EINTR);
        return ready > 0;
    }

    /// What has come, at least a byte; 0: the other side is done; negative: an error.
    ssize_t receive() {
        for (;;) {
            if (wire_.patience() <= std::chrono::milliseconds(0)) {
                wire_.note_silence();
                return -1;
            }
            const bool buffered = tls_ != nullptr && ::SSL_pending(tls_) > 0;
            if (!buffered && !wait_for(POLLIN)) {
                wire_.note_silence();
                return -1;
            }
            if (tls_ == nullptr) {
                const ssize_t received = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
                if (received < 0 && errno == EINTR) {
                    continue;
                }
                return received;
            }
            const int received = ::SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size()));
            if (received > 0) {
                return received;
            }
            const int error = ::SSL_get_error(tls_, received);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
                continue;  // A part of a record, or a renewed key.
            }
            return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
        }
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
    SSL* const tls_;
    Wire& wire_;
    std::array<char, std::size_t{16} << 10> buffer_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

void Wire::begin(std::uint64_t max_bytes, std::chrono::milliseconds silence,
                 std::chrono::steady_clock::time_point deadline) {
    *this = Wire();
    bytes_left_ = max_bytes;
    silence_ = silence;
    deadline_ = deadline;
}

std::chrono::milliseconds Wire::patience() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    return std::clamp(left, std::chrono::milliseconds(0), silence_);
}

bool Wire::note(std::string_view bytes) {
    if (bytes.size() > bytes_left_) {
        excess_ = "more than a page may have";
        return false;
    }
    bytes_left_ -= bytes.size();
    return note_head(bytes);
}

bool Wire::note_head(std::string_view bytes) {
    while (in_head_ && !bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        line_ += bytes.substr(0, end);
        head_bytes_ += bytes.substr(0, end).size();
        if (line_.size() > longest_head_line || head_bytes_ > longest_head) {
            excess_ = fmt::format("a line of over {} KiB, or {} KiB in all, before the body",
                                  longest_head_line >> 10, longest_head >> 10);
            return false;
        }
        if (end == std::string_view::npos) {
            return true;
        }
        bytes.remove_prefix(end + 1);
        const bool blank = line_.empty() || line_ == "\r";
        if (first_line_) {
            interim_ = line_.size() >= 12 && std::string_view(line_).substr(9, 3) == "100";
        }
        // After an interim answer comes the next head's first line.
        first_line_ = blank;
        in_head_ = !blank || interim_;
        line_.clear();
    }
    return true;
}

PlainClient::PlainClient(const config::Endpoint& target, const std::optional<config::Proxy>& proxy,
                         Wire& wire)
    : ClientImpl(target.host, target.port), wire_(wire) {
    if (proxy) {
        set_proxy(proxy->host, proxy->port);
        if (!proxy->user.empty()) {
            set_proxy_basic_auth(proxy->user, std::string(proxy->password.expose()));
        }
    }
}

bool PlainClient::process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) {
    BoundedStream stream(socket.sock, nullptr, wire_);
    return callback(stream);
}

TlsClient::TlsClient(const config::Endpoint& target, const std::optional<config::Proxy>& proxy, Wire& wire)
    : SSLClient(target.host, target.port), target_(target), proxy_(proxy), wire_(wire) {
    enable_server_certificate_verification(true);
}

bool TlsClient::create_and_connect_socket(Socket& socket, httplib::Error& error) {
    refusal_.reset();
    if (!proxy_) {
        return connect(socket, error);
    }
    // The library connects to a proxy that it knows, and then must not know it any more: it would ask for a
    // tunnel as well.
    set_proxy(proxy_->host, proxy_->port);
    const bool connected = connect(socket, error);
    set_proxy("", -1);
    if (!connected) {
        return false;
    }
    if (auto opened = open_tunnel(socket.sock, target_, *proxy_); !opened) {
        refusal_ = std::move(opened).error();
        ::shutdown(socket.sock, SHUT_RDWR);
        ::close(std::exchange(socket.sock, INVALID_SOCKET));
        error = httplib::Error::Connection;
        return false;
    }
    return true;
}

bool TlsClient::connect(Socket& socket, httplib::Error& error) {
    // NOLINTNEXTLINE(bugprone-parent-virtual-call): what SSLClient does is this, and private.
    return is_valid() && ClientImpl::create_and_connect_socket(socket, error);
}

bool TlsClient::process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) {
    BoundedStream stream(socket.sock, socket.ssl, wire_);
    return callback(stream);
}

}  // namespace exporter::datadog
