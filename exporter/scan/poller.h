// When an organization is polled, and what is kept of how it went.
#pragma once

#include "scan/scan.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace exporter::scan {

struct PollerOptions {
    ScanOptions scan;
    std::chrono::milliseconds interval = std::chrono::minutes(5);
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
    std::chrono::milliseconds stale_after = std::chrono::hours(1);
    /// Pause after a first failed poll; doubles with each further failure, up to the interval, with jitter.
    std::chrono::milliseconds failure_backoff = std::chrono::seconds(10);
    /// Share of the rate limit that is left to others, in percent.
    int rate_limit_reserve = 10;
};

/// How one poll went, for the log.
struct PollReport {
    std::optional<datadog::Error> error;  ///< nullopt: published
    Listing listing;                      ///< what was published; meaningless after an error
    std::chrono::duration<double> duration{0};
    std::uint64_t pages = 0;
    /// Consecutive failures: after an error this one included, after a success those that went before.
    std::uint64_t failures_in_a_row = 0;
};

/// Hears of each poll. Called on the poller's thread.
class PollObserver {
  public:
    virtual ~PollObserver() = default;
    virtual void poll_finished(const PollReport& report, const Statistics& statistics) = 0;
    /// `stale_after` has passed without a success: the inventory must no longer be shown. At most once
    /// between successes.
    virtual void became_stale(const Statistics& statistics) = 0;
};

/// Polls one organization again and again. One scan at a time; a poll never overlaps the next.
class Poller {
  public:
    Poller(const PollerOptions& options, PageSource& source, Clock& clock, Randomness& randomness,
           ListingSink& sink, PollObserver& observer);

    /// One poll, now. Never throws; a defect below it, or of the observer, counts as `internal`.
    void step(const std::stop_token& stop);

    /// `step()` again and again, one interval from start to start, until `stop` is requested. A poll that
    /// took longer than the interval is followed at once by the next. After a failure the next poll comes
    /// sooner, or later where the server asked for it.
    void run(const std::stop_token& stop);

    /// What is counted so far; only for the thread that polls.
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

    /// Whether the loop moves: the current poll or wait began no longer ago than it may take. From any
    /// thread.
    [[nodiscard]] bool moving() const;
    /// Whether a first poll has finished, well or not. From any thread.
    [[nodiscard]] bool attempted() const { return attempted_.load(); }

  private:
    void expect_progress_by(SteadyTime moment);
    void tell(const PollReport& report);
    [[nodiscard]] datadog::Result<Listing> scan_once(SteadyTime deadline, const std::stop_token& stop);
    [[nodiscard]] SteadyTime next_poll(SteadyTime start);
    /// False: `stop` was requested first.
    bool wait(SteadyTime next_poll, const std::stop_token& stop);

    const PollerOptions options_;
    RateBudget budget_;
    const ScanEnvironment environment_;
    ListingSink& sink_;
    PollObserver& observer_;

    Statistics statistics_;
    std::uint64_t failures_in_a_row_ = 0;
    std::optional<std::chrono::seconds> asked_to_wait_;
    std::optional<SteadyTime> stale_at_;

    std::atomic<bool> attempted_ = false;
    std::atomic<SteadyTime::rep> progress_due_ = 0;
};

}  // namespace exporter::scan
