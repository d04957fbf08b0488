#include "http/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

namespace exporter::http {
namespace {

base::Descriptor opened(int descriptor, const char* what) {
    if (descriptor < 0) {
        throw std::system_error(errno, std::system_category(), what);
    }
    return base::Descriptor(descriptor);
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

void EventLoop::run(const Tick& tick) {
    while (!is_over()) {
        Time until{};
        try {
            until = tick(std::chrono::steady_clock::now());
        } catch (const std::exception&) {
            // Memory ran out: it is called again.
        }
        turn(until);
    }
}

bool EventLoop::turn(Time until) {
    bool has_moved = run_tasks();
    if (is_over()) {
        return has_moved;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    auto timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    {
        const std::scoped_lock lock(mutex_);
        sleeping_ = tasks_.empty();
        timeout = sleeping_ ? timeout : 0;
    }
    const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    {
        const std::scoped_lock lock(mutex_);
        sleeping_ = false;
    }
    events_ready_ = static_cast<std::size_t>(std::max(ready, 0));
    for (std::size_t i = 0; i < events_ready_; ++i) {
        void* const whom = events_.at(i).data.ptr;
        if (whom == this) {
            std::uint64_t count = 0;
            (void)::eventfd_read(wake_.get(), &count);
        } else if (whom != nullptr) {
            static_cast<Waiter*>(whom)->ready();
        }
        has_moved = true;
    }
    events_ready_ = 0;
    return has_moved;
}

bool EventLoop::run_tasks() noexcept {
    std::vector<Task> tasks;
    {
        const std::scoped_lock lock(mutex_);
        tasks.swap(tasks_);
    }
    for (const Task& task : tasks) {
        try {
            task();
        } catch (const std::exception&) {
            // Memory ran out; the others have their turn.
        }
    }
    return !tasks.empty();
}

void EventLoop::post(Task task) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    if (std::exchange(sleeping_, false)) {
        (void)::eventfd_write(wake_.get(), 1);
    }
}

bool EventLoop::enter(int socket, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLONESHOT;
    event.data.ptr = &waiter;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) {
        return false;
    }
    ++waiters_;
    return true;
}

void EventLoop::wait(int socket, Progress want, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLONESHOT | (want == Progress::want_write ? EPOLLOUT : EPOLLIN);
    event.data.ptr = &waiter;
    // It can't fail for a socket that has entered.
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event);
}

void EventLoop::leave(int socket, const Waiter& waiter) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
    for (std::size_t i = 0; i < events_ready_; ++i) {
        auto& event = events_.at(i);
        event.data.ptr = event.data.ptr == &waiter ? nullptr : event.data.ptr;
    }
    --waiters_;
}

}  // namespace exporter::http
