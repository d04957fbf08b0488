// When an organization is polled, and what is kept of how it went.
#pragma once

#include "scan/next.h"
#include "scan/rhythm.h"
#include "scan/scan.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace exporter::scan {

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

/// How one poll went, for the log.
struct PollReport {
    std::optional<datadog::Error> error;  ///< nullopt: published
    Listing listing;                      ///< what was published; meaningless after an error
    std::chrono::duration<double> duration{0};
    std::uint64_t pages = 0;
    /// Consecutive failures: after an error this one included, after a success those that went before.
    std::uint64_t failures_in_a_row = 0;
};

/// Hears of each poll. Called on the thread that drives the poller.
class PollObserver {
  public:
    virtual ~PollObserver() = default;
    virtual void poll_finished(const PollReport& report, const Statistics& statistics) = 0;
    /// `stale_after` has passed without a success: the inventory must no longer be shown. At most once
    /// between successes.
    virtual void became_stale(const Statistics& statistics) = 0;
};

/// Polls one organization again and again: one scan at a time, a poll never overlaps the next.
///
/// Polls begin on the organization's beat (rhythm.h). One that took longer than the interval is followed at
/// once by the next. After a failure the next poll comes sooner (but not where it had cost as many requests
/// as a good one: a listing read several times over, or one without end), or later where the server asked for
/// it.
///
/// Driven from outside: `next` says what is to be done. Never throws; a defect below it, or of the observer,
/// counts as a failed poll (`internal`). One thread at a time, but for what says otherwise.
class Poller {
  public:
    /// All must outlive the poller.
    Poller(const PollerOptions& options, Clock& clock, Randomness& randomness, ListingSink& sink,
           PollObserver& observer);

    /// What is to be done. To be asked again until it is a pause, and after each answer.
    [[nodiscard]] Next next();

    void prepared(datadog::Result<void> outcome);
    void answered(std::size_t page, datadog::Answer answer);

    /// The next poll is due at once.
    void poll_now() { due_ = SteadyTime::min(); }

    /// The last listing is one of an earlier life of the program.
    ///
    /// @param listing its `as_of` is when the poll began that brought it
    void restore(const Listing& listing);

    /// What is counted so far.
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

    /// Whether it moves: the current poll or wait began no longer ago than it may take. From any thread.
    [[nodiscard]] bool moving() const;
    /// Whether a first poll has finished, well or not. From any thread.
    [[nodiscard]] bool attempted() const { return attempted_.load(); }

  private:
    void expect_progress_by(SteadyTime moment);
    void begin_poll(SteadyTime now);
    [[nodiscard]] std::optional<Next> continue_poll();
    void finish_poll(datadog::Result<Listing> outcome);
    void tell(const PollReport& report);
    void tell_stale(SteadyTime now);
    [[nodiscard]] SteadyTime next_poll();
    template <class Action>
    void guarded(Action action);
    [[nodiscard]] bool good_is_shown(SteadyTime now) const;

    const PollerOptions options_;
    const Rhythm rhythm_;
    RateBudget budget_;
    Pace pace_;
    const ScanEnvironment environment_;
    ListingSink& sink_;
    PollObserver& observer_;

    Statistics statistics_;
    std::optional<Scan> scan_;  ///< the poll under way
    SteadyTime began_;          ///< it, or the one before
    base::Timestamp attempt_;
    std::size_t under_way_ = 0;  ///< requests, `prepare` included
    SteadyTime due_;             ///< the next poll
    std::uint64_t failures_in_a_row_ = 0;
    std::optional<std::chrono::seconds> asked_to_wait_;
    bool failure_was_costly_ = false;  ///< the last one
    std::optional<SteadyTime> stale_at_;

    std::atomic<bool> attempted_ = false;
    std::atomic<SteadyTime::rep> progress_due_ = 0;
};

}  // namespace exporter::scan
