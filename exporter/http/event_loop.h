// The server's event loop: waits for sockets to become readable or writable with one epoll instance, and runs
// tasks posted by other threads. Internal to the server.
//
// Asio is not used, because it never frees its per-descriptor allocations and scatters them over the heap:
// memory use would stay high after many connections have closed.
#pragma once

#include "base/descriptor.h"
#include "http/channel.h"

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace exporter::http {

/// Used only on the server's thread, except for `post`. Must outlive its waiters.
class EventLoop {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Task = std::function<void()>;

    class Waiter {
      public:
        Waiter() = default;
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        virtual ~Waiter() = default;

        /// Called when the awaited event has occurred, or when the socket is broken, which the next operation
        /// will show. For a broken socket it may be called without a wait. Must not throw.
        virtual void ready() = 0;

      private:
        friend class EventLoop;
        bool registered_ = false;  ///< its socket is registered with the kernel
    };

    /// Throws if the kernel is out of resources.
    EventLoop();

    /// Waits for events until `until`, or until a task is posted; calls ready waiters and runs tasks. Returns
    /// whether there was anything to do.
    bool turn(Time until);

    /// Thread-safe. Runs the task in the next turn. If a task throws because memory ran out, only that task
    /// is lost.
    void post(Task task);

    /// Calls `waiter.ready()` once, when the event occurs. A waiter must use the same socket for its whole
    /// lifetime. The first call throws if the kernel is out of resources.
    void wait(int socket, Progress want, Waiter& waiter);
    /// Call this before the socket is closed.
    void leave(int socket, Waiter& waiter);

  private:
    void run_tasks();

    /// Number of sockets served before tasks and deadlines get their turn.
    static constexpr std::size_t events_per_turn = 64;

    const base::Descriptor epoll_;
    const base::Descriptor wake_;  ///< an eventfd, written to when a task is posted
    std::array<epoll_event, events_per_turn> events_{};

    std::mutex mutex_;  ///< protects the rest
    std::vector<Task> tasks_;
};

}  // namespace exporter::http
