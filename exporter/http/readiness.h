// Which of many sockets can be read or written: one epoll instance of its own, which Asio sees as a single
// descriptor. Internal to the server.
//
// Not one Asio descriptor for each connection: Asio keeps what it allocates for them for ever, scattered over
// the heap, and a crowd of connections would never give its memory back.
#pragma once

#include "http/boost.h"
#include "http/channel.h"
#include "http/listening.h"

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <memory>

namespace exporter::http {

/// Used on the server's thread alone. Must outlive its waiters, and the run of its `io_context`.
class Readiness {
  public:
    class Waiter {
      public:
        Waiter() = default;
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        virtual ~Waiter() = default;

        /// What was waited for has come, or the socket is broken, which shows in its next operation. Of a
        /// broken socket it may be called without a wait. Does not throw.
        virtual void ready() = 0;
    };

    explicit Readiness(boost::asio::io_context& io);
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;
    ~Readiness() = default;

    /// Starts to look for events, unless it does already.
    void resume();
    /// Ends, so that the `io_context` can, when the last waiter has gone.
    void finish();

    /// False: the kernel has no room for another.
    [[nodiscard]] bool enter(int socket, Waiter& waiter);
    /// Calls `waiter.ready()` once.
    void wait(int socket, Progress want, Waiter& waiter);
    /// To be called before the socket is closed.
    void leave(int socket, const Waiter& waiter);

  private:
    void await_events();
    void dispatch();

    /// Sockets that have their turn before the event loop goes on.
    static constexpr std::size_t events_per_turn = 64;

    boost::asio::posix::stream_descriptor epoll_;
    std::array<epoll_event, events_per_turn> events_{};
    std::size_t events_ready_ = 0;
    std::size_t waiters_ = 0;
    bool awaiting_ = false;
    bool finishing_ = false;
};

}  // namespace exporter::http
