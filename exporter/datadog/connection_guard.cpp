#include "datadog/connection_guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace exporter::datadog {

ConnectionGuard::~ConnectionGuard() {
    release();
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
    release();
    {
        const std::lock_guard lock(mutex_);
        verdict_ = cancelled_ ? Verdict::cancelled : Verdict::untouched;
    }
    ticket_ = watchdog_.watch(deadline, [this] { expire(); });
}

ConnectionGuard::Verdict ConnectionGuard::end(bool keep) {
    release();
    const std::lock_guard lock(mutex_);
    if (!keep || verdict_ != Verdict::untouched) {
        forget();
    }
    return verdict_;
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
    verdict_ = Verdict::cancelled;
    cut();
}

void ConnectionGuard::expire() {
    const std::lock_guard lock(mutex_);
    if (verdict_ == Verdict::untouched) {
        verdict_ = Verdict::expired;
    }
    cut();
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
