#include "datadog/watchdog.h"

#include <algorithm>
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

}  // namespace exporter::datadog
