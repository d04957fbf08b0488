#include "hostile_crowd.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <string>
#include <system_error>

namespace exporter::comparison {
namespace {

constexpr std::chrono::milliseconds tick_length{20};
constexpr std::size_t ticks_per_second = 50;
/// Pause before a client reconnects, so that connections closed early don't use up the connect rate.
constexpr std::chrono::seconds rest{1};
constexpr std::chrono::seconds connect_patience{10};
constexpr std::uint32_t first_source = 0x7f000002;  // 127.0.0.2
constexpr std::size_t sources = 249;
constexpr int small_receive_buffer = 4096;
constexpr int pipelined_requests = 16;

constexpr std::string_view request = "GET /metrics HTTP/1.1\r\nHost: hostile\r\n\r\n";

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    address.sin_port = htons(port);
    return address;
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

int require(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

void set(int socket, int level, int option, int value) {
    require(setsockopt(socket, level, option, &value, sizeof value), "setsockopt");
}

/// Drops what doesn't fit or can't be sent: epoll reports a closed connection.
void send_some(int socket, std::string_view text) {
    [[maybe_unused]] const auto sent = send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int error_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

std::string many_requests() {
    std::string requests;
    for (int i = 0; i < pipelined_requests; ++i) {
        requests += request;
    }
    return requests;
}

}  // namespace

Crowd::Crowd(const CrowdOptions& options)
    : options_(options),
      server_(address(INADDR_LOOPBACK, options.port)),
      epoll_(require(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      clients_(options.connections) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        clients_[i].manner = static_cast<Manner>(i % manner_names.size());
        clients_[i].closes_its_side = i / manner_names.size() % 10 == 0;
    }
}

Crowd::~Crowd() {
    for (auto& client : clients_) {
        leave(client);
    }
    close(epoll_);
}

void Crowd::gather() {
    const auto each = std::max<std::size_t>(1, options_.first_connects_per_second / ticks_per_second);
    for (std::size_t tried = 0; tried < clients_.size(); tried += each) {
        tick(each);
    }
}

CrowdReport Crowd::hold(std::chrono::seconds duration) {
    report_ = {};
    report_.open_least = clients_.size();
    samples_ = 0;
    open_sums_ = {};
    const auto each = std::max<std::size_t>(1, options_.connects_per_second / ticks_per_second);
    for (const auto end = Clock::now() + duration; Clock::now() < end;) {
        tick(each);
        count_open();
    }
    const auto mean = [this](std::uint64_t sum) {
        return static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(1, samples_));
    };
    std::transform(open_sums_.begin(), open_sums_.end(), report_.open_average_by_manner.begin(), mean);
    report_.open_average = mean(std::accumulate(open_sums_.begin(), open_sums_.end(), std::uint64_t{0}));
    return report_;
}

void Crowd::tick(std::size_t connects) {
    const auto now = Clock::now();
    for (std::size_t looked_at = 0; connects > 0 && looked_at < clients_.size(); ++looked_at) {
        const auto index = next_++ % clients_.size();
        if (clients_[index].state == State::absent && now >= clients_[index].since + rest) {
            connect(index);
            --connects;
        }
    }
    // Each client gets its turn once a second.
    for (auto index = ticks_ % ticks_per_second; index < clients_.size(); index += ticks_per_second) {
        auto& client = clients_[index];
        const auto age = now - client.since;
        if (client.state == State::connecting && age > connect_patience) {
            ++report_.failed;
            leave(client);
        } else if (client.state == State::open && client.manner == Manner::never_reading &&
                   age > options_.never_reading_patience) {
            leave(client);
        } else if (client.state == State::open) {
            drip(client);
        }
    }
    ++ticks_;
    handle_events(now + tick_length);
}

void Crowd::connect(std::size_t index) {
    auto& client = clients_[index];
    client.socket = require(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    // Choose the port at connect(), so that it must be unique only among connections to the same server.
    set(client.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    set(client.socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (client.manner == Manner::never_reading) {
        set(client.socket, SOL_SOCKET, SO_RCVBUF, small_receive_buffer);
    }
    const auto source = address(first_source + static_cast<std::uint32_t>(index % sources), 0);
    require(bind(client.socket, generic(source), sizeof source), "bind");
    client.state = State::connecting;
    client.since = Clock::now();
    epoll_event wanted{};
    wanted.events = EPOLLOUT;
    wanted.data.u64 = index;
    require(epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &wanted), "epoll_ctl");
    // epoll reports the result, even an immediate refusal.
    [[maybe_unused]] const int begun = ::connect(client.socket, generic(server_), sizeof server_);
}

void Crowd::open(std::size_t index) {
    auto& client = clients_[index];
    client.state = State::open;
    client.since = Clock::now();
    ++report_.connected;
    // EPOLLRDHUP reports that the peer has closed, without reading.
    epoll_event wanted{};
    wanted.events = EPOLLRDHUP;
    wanted.data.u64 = index;
    require(epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket, &wanted), "epoll_ctl");
    switch (client.manner) {
        case Manner::byte_a_second:
            send_some(client.socket, "GET /metrics HTTP/1.1\r\nHost: hostile\r\nX-Slow: ");
            break;
        case Manner::no_newline:
            send_some(client.socket, "GET /");
            break;
        case Manner::half_open:
            if (client.closes_its_side) {
                send_some(client.socket, request);
                shutdown(client.socket, SHUT_WR);
            }
            break;
        case Manner::never_reading: {
            static const std::string requests = many_requests();
            send_some(client.socket, requests);
            break;
        }
    }
}

void Crowd::drip(const Client& client) const {
    if (client.manner == Manner::byte_a_second) {
        send_some(client.socket, "x");
    } else if (client.manner == Manner::no_newline) {
        static const std::string piece(64, 'x');
        send_some(client.socket, piece);
    }
}

void Crowd::leave(Client& client) {
    if (client.socket >= 0) {
        close(client.socket);
        client.socket = -1;
    }
    client.state = State::absent;
    client.since = Clock::now();
}

void Crowd::handle_events(Clock::time_point until) {
    std::array<epoll_event, 256> events{};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0) {
            return;
        }
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(left.count()));
        if (count < 0 && errno != EINTR) {
            require(count, "epoll_wait");
        }
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            handle_event(static_cast<std::size_t>(event.data.u64), event.events);
        }
    }
}

void Crowd::handle_event(std::size_t index, std::uint32_t events) {
    auto& client = clients_[index];
    if (client.state == State::connecting) {
        if (error_of(client.socket) == 0 && (events & EPOLLOUT) != 0) {
            open(index);
        } else {
            ++report_.failed;
            leave(client);
        }
    } else if (client.state == State::open && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        ++report_.ended_by_server;
        leave(client);
    }
}

void Crowd::count_open() {
    std::size_t open = 0;
    for (const auto& client : clients_) {
        if (client.state == State::open) {
            ++open;
            ++open_sums_[static_cast<std::size_t>(client.manner)];
        }
    }
    report_.open_least = std::min(report_.open_least, open);
    ++samples_;
}

}  // namespace exporter::comparison
