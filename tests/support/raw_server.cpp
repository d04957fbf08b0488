#include "support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

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
    // A port that served before has connections that are still fading away.
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

bool readable(int socket, int wait_milliseconds) {
    pollfd descriptor{socket, POLLIN, 0};
    return ::poll(&descriptor, 1, wait_milliseconds) > 0;
}

constexpr int step_milliseconds = 20;

}  // namespace

std::string RawConnection::read_head() {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
        std::array<char, 4096> buffer{};
        while (!readable(socket_, step_milliseconds)) {
            if (stopping_) {
                return {};
            }
        }
        const ssize_t received = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (received <= 0) {
            return {};
        }
        head.append(buffer.data(), static_cast<std::size_t>(received));
    }
    return head;
}

void RawConnection::read_some() {
    std::array<char, 4096> buffer{};
    while (!stopping_ && !readable(socket_, step_milliseconds)) {
    }
    [[maybe_unused]] const ssize_t received = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
}

bool RawConnection::send(std::string_view bytes) {
    while (!bytes.empty() && !stopping_) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return bytes.empty();
}

void RawConnection::reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

bool RawConnection::peer_gone(int wait_milliseconds) const {
    char byte = 0;
    return readable(socket_, wait_milliseconds) && ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void RawConnection::hold() {
    while (!stopping_ && !peer_gone(step_milliseconds)) {
        if (readable(socket_, 0)) {  // Or what nobody reads would hide the end behind it.
            read_some();
        }
    }
}

void RawConnection::drip(char byte) {
    while (!stopping_ && !peer_gone(step_milliseconds) && send({&byte, 1})) {
    }
}

void RawConnection::relay_to(std::uint16_t port) {
    const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    bool open = ::connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    while (open && !stopping_) {
        std::array<pollfd, 2> ends{{{socket_, POLLIN, 0}, {target, POLLIN, 0}}};
        ::poll(ends.data(), ends.size(), step_milliseconds);
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

RawServer::RawServer(Script script, std::uint16_t port)
    : script_(std::move(script)), port_(port), listener_(bound_socket(port_)) {
    ::listen(listener_, 16);
    thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
}

void RawServer::serve() {
    while (!stopping_) {
        if (!readable(listener_, step_milliseconds)) {
            continue;
        }
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) {
            continue;
        }
        ++connections_;
        RawConnection connection(socket, stopping_);
        script_(connection);
        ::close(socket);
    }
}

UnresponsivePort::UnresponsivePort(std::uint16_t port) : port_(port), listener_(bound_socket(port_)) {
    ::listen(listener_, 0);
    // The kernel takes one connection more than the backlog says; what comes after that is not answered.
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
