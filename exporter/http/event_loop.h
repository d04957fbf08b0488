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
    /// Called before each wait; says when it wants to be called again at the latest.
    using Tick = std::function<Time(Time now)>;

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

    /// Throws where the kernel has no room.
    EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop() = default;

    /// Until `finish` was called and the last waiter has gone. Memory that runs out costs no more than the
    /// task that needed it.
    void run(const Tick& tick);
    void finish() { finishing_ = true; }

    /// Runs the tasks that are there, waits for events, until `until` if there is no other task, and calls
    /// those that are ready. Whether there was anything to do.
    bool turn(Time until);

    /// For any thread: runs the task in the next turn, or never if the loop ends first.
    void post(Task task);

    /// False: the kernel has no room for another.
    [[nodiscard]] bool enter(int socket, Waiter& waiter);
    /// Calls `waiter.ready()` once.
    void wait(int socket, Progress want, Waiter& waiter);
    /// To be called before the socket is closed.
    void leave(int socket, const Waiter& waiter);

  private:
    [[nodiscard]] bool is_over() const { return finishing_ && waiters_ == 0; }
    bool run_tasks() noexcept;

    /// Sockets that are served before tasks and deadlines have their turn.
    static constexpr std::size_t events_per_turn = 64;

    const base::Descriptor epoll_;
    const base::Descriptor wake_;  ///< an eventfd, written to when another thread posts
    std::array<epoll_event, events_per_turn> events_{};
    std::size_t events_ready_ = 0;
    std::size_t waiters_ = 0;
    bool finishing_ = false;

    std::mutex mutex_;  ///< protects the rest
    std::vector<Task> tasks_;
    bool sleeping_ = false;  ///< waits for events, and has to be woken for a task
};

}  // namespace exporter::http
