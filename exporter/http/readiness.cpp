#include "http/readiness.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace exporter::http {
namespace {

int make_epoll() {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        throw std::system_error(errno, std::system_category(), "epoll_create1");
    }
    return epoll;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& io) : epoll_(io, make_epoll()) {}

void Readiness::resume() {
    if (!awaiting_ && (!finishing_ || waiters_ > 0)) {
        await_events();
    }
}

void Readiness::finish() {
    finishing_ = true;
    if (waiters_ == 0) {
        epoll_.cancel();
    }
}

bool Readiness::enter(int socket, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLONESHOT;
    event.data.ptr = &waiter;
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
        return false;
    }
    ++waiters_;
    return true;
}

void Readiness::wait(int socket, Progress want, Waiter& waiter) {
    epoll_event event{};
    event.events = EPOLLONESHOT | (want == Progress::want_write ? EPOLLOUT : EPOLLIN);
    event.data.ptr = &waiter;
    // It can't fail for a socket that has entered.
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, socket, &event);
}

void Readiness::leave(int socket, const Waiter& waiter) {
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
    for (std::size_t i = 0; i < events_ready_; ++i) {
        auto& event = events_.at(i);
        event.data.ptr = event.data.ptr == &waiter ? nullptr : event.data.ptr;
    }
    --waiters_;
    if (finishing_ && waiters_ == 0) {
        epoll_.cancel();
    }
}

void Readiness::await_events() {
    epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code&) {
                          awaiting_ = false;
                          dispatch();
                          resume();
                      });
    awaiting_ = true;
}

void Readiness::dispatch() {
    const int ready =
        ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
    events_ready_ = static_cast<std::size_t>(std::max(ready, 0));
    for (std::size_t i = 0; i < events_ready_; ++i) {
        if (auto* const waiter = static_cast<Waiter*>(events_.at(i).data.ptr)) {
            waiter->ready();
        }
    }
    events_ready_ = 0;
}

}  // namespace exporter::http
