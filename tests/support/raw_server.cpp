#include "support/raw_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace exporter::support {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A socket bound to `port` of 127.0.0.1; 0 becomes a free one.
int bound_socket(std::uint16_t& port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Connections to a port that was in use before may still be in TIME_WAIT.
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address = loopback(port);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (socket < 0 || ::bind(socket, generic, length) != 0 || ::getsockname(socket, generic, &length) != 0) {
        throw std::runtime_error("no port on loopback");
    }
    port = ntohs(address.sin_port);
    return socket;
}

std::shared_ptr<SSL_CTX> tls_context(const Certificate& certificate, const RawServer::Options& options) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (SSL_CTX_use_certificate_file(context.get(), certificate.certificate_file().c_str(),
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file().c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("the server's certificate");
    }
    SSL_CTX_set_min_proto_version(context.get(), options.tls_version);
    SSL_CTX_set_max_proto_version(context.get(), options.tls_version);
    if (options.demands_client_certificate) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
}

constexpr int forever = -1;

}  // namespace

std::string RawConnection::receive() {
    std::string bytes(4096, '\0');
    const auto received = tls_ ? ::SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                               : ::recv(socket_, bytes.data(), bytes.size(), 0);
    bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return bytes;
}

std::string RawConnection::read_head() {
    constexpr std::string_view end = "\r\n\r\n";
    std::size_t found = 0;
    while ((found = unread_.find(end)) == std::string::npos) {
        const std::string more = receive();
        if (more.empty()) {
            return {};
        }
        unread_ += more;
    }
    std::string head = unread_.substr(0, found + end.size());
    unread_.erase(0, head.size());
    return head;
}

void RawConnection::read_some() {
    (void)receive();
}

bool RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = tls_ ? ::SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void RawConnection::end_tls() {
    ::SSL_shutdown(tls_.get());
}

void RawConnection::reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void RawConnection::hold() {
    std::array<char, 4096> buffer{};
    while (::recv(socket_, buffer.data(), buffer.size(), 0) > 0) {
    }
}

bool RawConnection::wait(std::chrono::milliseconds duration) {
    pollfd descriptor{socket_, POLLRDHUP, 0};
    return ::poll(&descriptor, 1, static_cast<int>(duration.count())) == 0;
}

void RawConnection::drip(char byte) {
    while (wait(std::chrono::milliseconds(20)) && send({&byte, 1})) {
    }
}

void RawConnection::relay_to(std::uint16_t port) {
    const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    bool open = ::connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    while (open) {
        std::array<pollfd, 2> ends{{{socket_, POLLIN, 0}, {target, POLLIN, 0}}};
        ::poll(ends.data(), ends.size(), forever);
        for (const bool from_peer : {true, false}) {
            if (open && ends[from_peer ? 0 : 1].revents != 0) {
                std::array<char, 4096> buffer{};
                const ssize_t received =
                    ::recv(from_peer ? socket_ : target, buffer.data(), buffer.size(), 0);
                open = received > 0 && ::send(from_peer ? target : socket_, buffer.data(),
                                              static_cast<std::size_t>(received), MSG_NOSIGNAL) == received;
            }
        }
    }
    ::close(target);
}

RawServer::RawServer(Script script) : RawServer(std::move(script), Options{}) {}

RawServer::RawServer(Script script, const Options& options)
    : RawServer(nullptr, std::move(script), options) {}

RawServer::RawServer(const Certificate& certificate, Script script)
    : RawServer(certificate, std::move(script), Options{}) {}

RawServer::RawServer(const Certificate& certificate, Script script, const Options& options)
    : RawServer(tls_context(certificate, options), std::move(script), options) {}

RawServer::RawServer(std::shared_ptr<SSL_CTX> tls, Script script, const Options& options)
    : tls_(std::move(tls)),
      script_(std::move(script)),
      concurrent_(options.concurrent),
      port_(options.port),
      listener_(bound_socket(port_)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer has closed.
    ::listen(listener_, SOMAXCONN);
    thread_ = std::thread([this] { accept(); });
}

RawServer::~RawServer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const int socket : sockets_) {
            ::shutdown(socket, SHUT_RDWR);
        }
    }
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return sockets_.empty(); });
    ::close(listener_);
}

void RawServer::accept() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                ::close(socket);
                return;
            }
            if (socket < 0) {
                continue;
            }
            sockets_.insert(socket);
        }
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ++connections_;
        if (concurrent_) {
            std::thread([this, socket] { serve(socket); }).detach();
        } else {
            serve(socket);
        }
    }
}

void RawServer::serve(int socket) {
    {
        std::shared_ptr<SSL> tls;
        if (tls_) {
            tls.reset(SSL_new(tls_.get()), SSL_free);
            SSL_set_fd(tls.get(), socket);
            SSL_accept(tls.get());
        }
        RawConnection connection(socket, std::move(tls));
        script_(connection);
    }
    const std::lock_guard lock(mutex_);
    ::close(socket);
    sockets_.erase(socket);
    none_left_.notify_all();
}

std::string response(std::string_view status, std::string_view body, std::string_view headers) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
                       status, body.size(), headers, body);
}

RawServer::Script after_request(RawServer::Script answer) {
    return [answer = std::move(answer)](RawConnection& connection) {
        if (!connection.read_head().empty()) {
            answer(connection);
        }
    };
}

RawServer::Script answering(std::function<std::string(const std::string& head)> answer) {
    return [answer = std::move(answer)](RawConnection& connection) {
        std::string head = connection.read_head();
        while (!head.empty() && connection.send(answer(head))) {
            head = connection.read_head();
        }
    };
}

UnresponsivePort::UnresponsivePort(std::uint16_t port) : port_(port), listener_(bound_socket(port_)) {
    ::listen(listener_, 0);
    // The kernel queues one connection more than the backlog, and leaves further ones unanswered.
    const sockaddr_in address = loopback(port_);
    for (int i = 0; i < 4; ++i) {
        queue_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(queue_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    }
}

UnresponsivePort::~UnresponsivePort() {
    for (const int socket : queue_) {
        ::close(socket);
    }
    ::close(listener_);
}

std::uint16_t closed_port() {
    std::uint16_t port = 0;
    ::close(bound_socket(port));
    return port;
}

}  // namespace exporter::support
