#include "datadog/connection_guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace exporter::datadog {

ConnectionGuard::ConnectionGuard() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

ConnectionGuard::~ConnectionGuard() {
    thread_.request_stop();
    thread_.join();
    forget();
}

void ConnectionGuard::watch(int socket) {
    const std::lock_guard lock(mutex_);
    forget();
    socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (socket_ < 0) {
        // Out of descriptors. A connection that can't be watched has no deadline.
        ::shutdown(socket, SHUT_RDWR);
    } else if (verdict_ != Verdict::untouched) {
        cut();
    }
}

void ConnectionGuard::begin(Deadline deadline) {
    const std::lock_guard lock(mutex_);
    verdict_ = cancelled_ ? Verdict::cancelled : Verdict::untouched;
    armed_ = true;
    deadline_ = deadline;
    changed_.notify_all();
}

ConnectionGuard::Verdict ConnectionGuard::end(bool keep) {
    const std::lock_guard lock(mutex_);
    armed_ = false;
    if (!keep || verdict_ != Verdict::untouched) {
        forget();
    }
    return verdict_;
}

void ConnectionGuard::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    verdict_ = Verdict::cancelled;
    cut();
}

void ConnectionGuard::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (!armed_) {
            changed_.wait(lock, stop, [this] { return armed_; });
            continue;
        }
        const Deadline deadline = deadline_;
        // Not woken by `end`: the thread sleeps through the many exchanges of a poll, which share a deadline.
        changed_.wait_until(lock, stop, deadline, [&] { return deadline_ != deadline; });
        if (armed_ && deadline_ == deadline && std::chrono::steady_clock::now() >= deadline) {
            if (verdict_ == Verdict::untouched) {
                verdict_ = Verdict::expired;
            }
            cut();
            armed_ = false;
        }
    }
}

void ConnectionGuard::cut() {
    if (socket_ >= 0) {
        // Closed with a reset: a peer that still sends would otherwise wait for this side to read on.
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::shutdown(socket_, SHUT_RDWR);
    }
}

void ConnectionGuard::forget() {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

}  // namespace exporter::datadog
