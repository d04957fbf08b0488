#include "datadog/connection_guard.h"

#include <fcntl.h>
#include <linux/tcp.h>  // <netinet/tcp.h> has no tcpi_bytes_received
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace exporter::datadog {

namespace {

constexpr std::chrono::milliseconds look_every{100};

}  // namespace

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
    bytes_before_ = 0;
    if (verdict_ != Verdict::untouched) {
        cut();
    }
}

void ConnectionGuard::begin(Deadline deadline, std::uint64_t max_bytes) {
    const std::lock_guard lock(mutex_);
    verdict_ = cancelled_ ? Verdict::cancelled : Verdict::untouched;
    armed_ = true;
    deadline_ = deadline;
    max_bytes_ = max_bytes;
    bytes_before_ = bytes_received();
    changed_.notify_all();
}

ConnectionGuard::Verdict ConnectionGuard::end() {
    const std::lock_guard lock(mutex_);
    armed_ = false;
    if (verdict_ != Verdict::untouched) {
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
        changed_.wait_until(lock, stop, std::min(deadline, std::chrono::steady_clock::now() + look_every),
                            [&] { return deadline_ != deadline; });
        if (!armed_ || deadline_ != deadline) {
            continue;
        }
        const bool expired = std::chrono::steady_clock::now() >= deadline;
        if (expired || bytes_received() - bytes_before_ > max_bytes_) {
            if (verdict_ == Verdict::untouched) {
                verdict_ = expired ? Verdict::expired : Verdict::flooded;
            }
            cut();
            armed_ = false;
        }
    }
}

std::uint64_t ConnectionGuard::bytes_received() const {
    tcp_info info{};
    socklen_t length = sizeof info;
    const bool known = socket_ >= 0 && ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
    return known ? info.tcpi_bytes_received : bytes_before_;
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
