// Schedules the polls of one organization and records their outcome.
#pragma once

#include "scan/scan.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>

namespace exporter::scan {

/// When to poll after a poll that began at `began`: at the first beat that is at least half an interval
/// later, so one to one and a half intervals lie between two polls at most. The beat is `anchor` and every
/// interval (above zero) after. Organizations whose anchors are spread over the interval stay spread over it:
/// neither a slow poll nor the back-off after a failure moves the beat.
[[nodiscard]] SteadyTime beat_after(SteadyTime began, SteadyTime anchor, SteadyTime::duration interval);

struct PollerOptions {
    ScanOptions scan;
    std::chrono::milliseconds interval = std::chrono::minutes(5);
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
    std::chrono::milliseconds stale_after = std::chrono::hours(1);
    /// From the program's start to the first poll.
    std::chrono::milliseconds first_poll{0};
    /// Where in the interval this organization's beat lies: several are spread over it.
    std::chrono::milliseconds phase{0};
    /// Pause after a first failed poll; doubles with each further failure, up to the interval, with jitter.
    std::chrono::milliseconds failure_backoff = std::chrono::seconds(10);
    /// Share of the rate limit that is left to others, in percent.
    int rate_limit_reserve = 10;
};

/// Receives the listings, and hears of each poll. Called on the thread that drives the poller.
class PollObserver : public ListingSink {
  public:
    virtual void poll_finished(const Statistics& statistics) = 0;
    /// `stale_after` has passed without a success: the inventory must no longer be shown. At most once
    /// between successes.
    virtual void became_stale(const Statistics& statistics) = 0;
};

/// Polls one organization again and again: one scan at a time, a poll never overlaps the next.
///
/// Polls begin on the organization's beat (`beat_after`). One that took longer than the interval is followed
/// at once by the next. After a failure the next poll comes sooner (but not where it had cost as many
/// requests as a good one: a listing read several times over, or one without end), or later where the server
/// asked for it.
///
/// Driven from outside: `next` says what is to be done. Never throws; a defect below it, or of the observer,
/// counts as a failed poll (`internal`). One thread at a time, but for what says otherwise.
class Poller {
  public:
    /// All must outlive the poller.
    Poller(const PollerOptions& options, Clock& clock, Randomness randomness, PollObserver& observer);

    /// What is to be done. To be asked again until it is a pause, and after each answer.
    [[nodiscard]] Next next();

    void answered(std::size_t page, datadog::Answer answer);

    /// The next poll is due at once.
    void poll_now() { due_ = SteadyTime::min(); }

    /// Takes over the last listing from before a restart.
    ///
    /// @param listing its `as_of` is when the poll began that brought it
    void restore(const Listing& listing);

    /// What is counted so far.
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

    /// False: the current poll or wait is overdue. From any thread.
    [[nodiscard]] bool moving() const { return environment_.clock.steady_now() <= latest_.load(); }

  private:
    void finish_poll(datadog::Result<Listing> outcome);
    void count_failure(datadog::Error error);
    [[nodiscard]] SteadyTime next_poll();
    template <class Action>
    void guarded(const Action& action);
    [[nodiscard]] bool good_is_shown(SteadyTime now) const;

    const PollerOptions options_;
    const SteadyTime anchor_;
    const Randomness randomness_;
    RateBudget budget_;
    Pace pace_;
    Statistics statistics_;
    const ScanEnvironment environment_;
    PollObserver& observer_;

    std::optional<Scan> scan_;  ///< the poll under way
    SteadyTime began_;          ///< it, or the one before
    base::Timestamp attempt_;
    std::size_t under_way_ = 0;  ///< requests, `prepare` included
    SteadyTime due_;             ///< the next poll
    std::optional<SteadyTime> stale_at_;

    std::atomic<SteadyTime> latest_;  ///< when the poll or the wait must be over
};

}  // namespace exporter::scan
