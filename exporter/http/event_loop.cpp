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

/// @param result of a system call
int succeeded(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::system_category(), what);
    }
    return result;
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(succeeded(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(succeeded(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    succeeded(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl");
}

bool EventLoop::turn(Time until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    for (int i = 0; i < ready; ++i) {
        void* const whom = events_.at(static_cast<std::size_t>(i)).data.ptr;
        if (whom == this) {
            run_tasks();
        } else if (whom != nullptr) {
            static_cast<Waiter*>(whom)->ready();
        }
    }
    return ready > 0;
}

void EventLoop::run_tasks() {
    std::uint64_t count = 0;
    (void)::eventfd_read(wake_.get(), &count);
    std::vector<Task> tasks;
    {
        const std::scoped_lock lock(mutex_);
        tasks.swap(tasks_);
    }
    for (const Task& task : tasks) {
        try {
            task();
        } catch (const std::exception&) {
            // Out of memory; continue with the others.
        }
    }
}

void EventLoop::post(Task task) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    (void)::eventfd_write(wake_.get(), 1);
}

void EventLoop::wait(int socket, Progress want, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLONESHOT | (want == Progress::want_write ? EPOLLOUT : EPOLLIN);
    event.data.ptr = &waiter;
    const int operation = waiter.registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    succeeded(::epoll_ctl(epoll_.get(), operation, socket, &event), "epoll_ctl");
    waiter.registered_ = true;
}

void EventLoop::leave(int socket, Waiter& waiter) {
    if (!std::exchange(waiter.registered_, false)) {
        return;
    }
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
    for (auto& event : events_) {
        event.data.ptr = event.data.ptr == &waiter ? nullptr : event.data.ptr;
    }
}

}  // namespace exporter::http
