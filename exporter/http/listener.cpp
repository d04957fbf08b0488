#include "http/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace exporter::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;

/// How long to wait after an accept failed for lack of something, such as file descriptors.
constexpr std::chrono::milliseconds accept_back_off{100};

/// What the kernel may keep for a client that does not read (it takes twice as much, socket(7)). Without a
/// bound it grows to megabytes each, which count as the container's memory.
constexpr int send_buffer_bytes = 65536;

/// How many connections are accepted before those there are have their turn.
constexpr int accept_turn = 16;

struct Accepted {
    Socket socket;  ///< negative: none, errno says why
    std::optional<Peer> peer;
};

Accepted accept_from(int listening) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket =
        ::accept4(listening, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return {Socket(socket), socket < 0 ? std::nullopt : peer_of(address)};
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// The connection ended before it could be accepted.
bool has_gone(int error) {
    return error == EAGAIN || error == ECONNABORTED || error == EPROTO || error == EINTR;
}

void prepare(const Socket& socket) {
    // Responses are written whole: waiting to fill a segment could only delay their ends. Fails on a Unix
    // socket.
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
}

std::optional<unsigned> refusal_for(Roster::Admission admission) {
    switch (admission) {
        case Roster::Admission::too_many:
            return 503;
        case Roster::Admission::too_many_of_peer:
            return 429;
        case Roster::Admission::welcome:
            break;
    }
    return std::nullopt;
}

}  // namespace

Listener::Listener(Listening&& listening, Service& service)
    : service_(service),
      address_(bound_address(listening.socket)),
      socket_(*service.io, listening.socket.release()),
      file_(std::move(listening.file)),
      back_off_timer_(*service.io) {}

void Listener::resume() {
    if (!awaiting_ && socket_.is_open()) {
        await_connection();
    }
}

void Listener::stop() {
    // First: while the socket is open, no other file can have its number.
    file_ = {};
    error_code ignored;
    socket_.close(ignored);
    back_off_timer_.cancel();
}

// Not async_accept: the kernel looks for a free file descriptor before it looks for a connection, so when
// there is none accepting fails with nobody at the door, and a connection would be closed for no newcomer.
void Listener::await_connection() {
    socket_.async_wait(net::posix::stream_descriptor::wait_read, [this](const error_code& error) {
        awaiting_ = false;
        if (!socket_.is_open()) {
            return;
        }
        if (error) {
            back_off();
        } else {
            accept_some();
        }
    });
    awaiting_ = true;
}

void Listener::accept_some() {
    auto next = accept_from(socket_.native_handle());
    // Whoever idles on all file descriptors must not keep a scrape out.
    if (next.socket.get() < 0 && is_shortage(errno) &&
        (service_.roster.close_longest_waiting() || service_.crowd->close_longest_waiting())) {
        next = accept_from(socket_.native_handle());
    }
    if (next.socket.get() < 0 && !has_gone(errno)) {
        back_off();
        return;
    }
    for (int accepted = 1; next.socket.get() >= 0; ++accepted) {
        admit(std::move(next.socket), next.peer);
        next = accepted < accept_turn ? accept_from(socket_.native_handle()) : Accepted{Socket(-1), {}};
    }
    await_connection();
}

void Listener::admit(Socket socket, const std::optional<Peer>& peer) {
    const auto refusal = refusal_for(service_.roster.admit(peer));
    if (refusal && service_.overflow.admit(std::nullopt) != Roster::Admission::welcome) {
        return;  // the socket closes
    }
    prepare(socket);
    try {
        std::make_shared<Session>(std::move(socket), peer, service_, refusal)->start();
    } catch (const std::bad_alloc&) {
        // This connection is lost; accepting goes on.
    }
}

void Listener::back_off() {
    back_off_timer_.expires_after(accept_back_off);
    back_off_timer_.async_wait([this](const error_code& error) {
        awaiting_ = false;
        if (!error && socket_.is_open()) {
            await_connection();
        }
    });
    awaiting_ = true;
}

}  // namespace exporter::http
