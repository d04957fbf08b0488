// The server's thread: which of many sockets can be read or written, by one epoll instance, and what other
// threads hand over. Internal to the server.
//
// Not Asio, which never frees what it allocates for a descriptor and scatters it over the heap: memory would
// stay high after a crowd of connections has left.
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

/// Used on the server's thread alone, but for `post`. Must outlive its waiters.
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

        /// What was waited for has come, or the socket is broken, which shows in its next operation. Of a
        /// broken socket it may be called without a wait. Does not throw.
        virtual void ready() = 0;

      private:
        friend class EventLoop;
        bool registered_ = false;  ///< the kernel knows its socket
    };

    /// Throws where the kernel has no room.
    EventLoop();

    /// Waits for events, until `until` if no task is posted, calls those that are ready and runs the tasks.
    /// Whether there was anything to do.
    bool turn(Time until);

    /// For any thread: runs the task in the next turn. One that throws, as memory runs out, is lost alone.
    void post(Task task);

    /// Calls `waiter.ready()` once. A waiter waits for one socket in its life. Throws the first time, where
    /// the kernel has no room for another.
    void wait(int socket, Progress want, Waiter& waiter);
    /// To be called before the socket is closed.
    void leave(int socket, Waiter& waiter);

  private:
    void run_tasks();

    /// Sockets that are served before tasks and deadlines have their turn.
    static constexpr std::size_t events_per_turn = 64;

    const base::Descriptor epoll_;
    const base::Descriptor wake_;  ///< an eventfd, written to when a task is posted
    std::array<epoll_event, events_per_turn> events_{};

    std::mutex mutex_;  ///< protects the rest
    std::vector<Task> tasks_;
};

}  // namespace exporter::http
