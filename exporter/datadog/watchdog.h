// One thread that keeps the deadlines of all exchanges.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

namespace exporter::datadog {

/// Calls what was left with it when the time has come. Thread-safe.
class Watchdog {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    using Entries = std::multimap<Deadline, std::function<void()>>;
    using Ticket = Entries::iterator;

    Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() = default;

    /// @param expired called once on the watchdog's thread, unless `release` comes first; must be quick and
    /// must not call the watchdog
    [[nodiscard]] Ticket watch(Deadline deadline, std::function<void()> expired);
    /// To be called for each ticket, whether its time came or not. Waits for `expired` where it is being
    /// called.
    void release(Ticket ticket);

  private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any sooner_;
    // Protected by mutex_:
    Entries entries_;
    Deadline awake_at_ = Deadline::max();

    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace exporter::datadog
