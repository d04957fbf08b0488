#include "datadog/connection_guard.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

namespace exporter::datadog {

Watchdog::Watchdog() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

Watchdog::Ticket Watchdog::watch(Deadline deadline, std::function<void()> expired) {
    const std::lock_guard lock(mutex_);
    const Ticket ticket = entries_.emplace(deadline, std::move(expired));
    // Not woken for deadlines after the one it sleeps for: the many exchanges of a poll share one.
    if (deadline < awake_at_) {
        awake_at_ = deadline;
        sooner_.notify_all();
    }
    return ticket;
}

void Watchdog::release(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    entries_.erase(ticket);
}

void Watchdog::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const Deadline moment = awake_at_;
        const auto is_sooner = [this, moment] { return awake_at_ < moment; };
        if (moment == Deadline::max()) {
            sooner_.wait(lock, stop, is_sooner);
            continue;
        }
        if (sooner_.wait_until(lock, stop, moment, is_sooner)) {
            continue;
        }
        awake_at_ = Deadline::max();
        for (auto& [deadline, expired] : entries_) {
            if (deadline > moment) {
                awake_at_ = deadline;
                break;
            }
            if (expired) {
                std::exchange(expired, nullptr)();
            }
        }
    }
}

void ConnectionGuard::watch(int socket) {
    const std::lock_guard lock(mutex_);
    socket_ = base::Descriptor(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    if (!socket_.is_open()) {
        // Out of descriptors. A connection that can't be watched has no deadline.
        ::shutdown(socket, SHUT_RDWR);
    } else if (cut_) {
        cut();
    }
}

void ConnectionGuard::begin(Watchdog::Deadline deadline) {
    release();
    {
        const std::lock_guard lock(mutex_);
        cut_ = cancelled_ ? std::optional(ErrorKind::cancelled) : std::nullopt;
    }
    ticket_ = watchdog_.watch(deadline, [this] { expire(); });
}

std::optional<ErrorKind> ConnectionGuard::end(bool keep) {
    release();
    const std::lock_guard lock(mutex_);
    if (!keep || cut_) {
        socket_ = base::Descriptor();
    }
    return cut_;
}

void ConnectionGuard::release() {
    if (ticket_) {
        watchdog_.release(*ticket_);
        ticket_.reset();
    }
}

void ConnectionGuard::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    cut_ = ErrorKind::cancelled;
    cut();
}

void ConnectionGuard::expire() {
    const std::lock_guard lock(mutex_);
    if (!cut_) {
        cut_ = ErrorKind::timeout;
    }
    cut();
}

void ConnectionGuard::cut() {
    if (socket_.is_open()) {
        // Closed with a reset: a peer that still sends would otherwise wait for this side to read on.
        const linger at_once{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::shutdown(socket_.get(), SHUT_RDWR);
    }
}

}  // namespace exporter::datadog
