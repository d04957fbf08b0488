// Decides when organizations are polled: a poller schedules the polls of one organization and records their
// outcome; a dispatcher drives all pollers with a fixed number of threads.
#pragma once

#include "scan/scan.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace exporter::scan {

/// When to poll next if the last poll began at `began`: at the first beat at least half an interval later.
/// Two polls are therefore at most one and a half intervals apart. Beats are at `anchor` and every `interval`
/// (above zero) after it. Organizations whose anchors are spread over the interval stay spread: neither a
/// slow poll nor the back-off after a failure moves the beat.
[[nodiscard]] SteadyTime beat_after(SteadyTime began, SteadyTime anchor, SteadyTime::duration interval);

struct PollerOptions {
    ScanOptions scan;
    std::chrono::milliseconds interval = std::chrono::minutes(5);
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
    std::chrono::milliseconds stale_after = std::chrono::hours(1);
    /// From the poller's creation to the first poll.
    std::chrono::milliseconds first_poll{0};
    /// Offset of this organization's beat within the interval; spreads organizations over it.
    std::chrono::milliseconds phase{0};
    /// Pause after the first failed poll; each further failure doubles it, up to the interval, with jitter.
    std::chrono::milliseconds failure_backoff = std::chrono::seconds(10);
    /// Share of the rate limit reserved for others, in percent.
    int rate_limit_reserve = 10;
};

/// New options for a poller.
struct PollerChange {
    PollerOptions options;  ///< `first_poll` has no effect
    bool poll_now = false;  ///< otherwise the schedule changes only if the interval does
};

/// Receives the listings and the outcome of each poll. Called on the thread that drives the poller.
class PollObserver : public ListingSink {
  public:
    /// Returns new options, if any. Called only between polls, when no request is in flight, so that no poll
    /// mixes two configurations.
    [[nodiscard]] virtual std::optional<PollerChange> take_change() { return std::nullopt; }
    virtual void poll_finished(const Statistics& statistics) = 0;
    /// Called when `stale_after` has passed without a success, at most once between two successes: the
    /// inventory must no longer be shown.
    virtual void became_stale(const Statistics& statistics) = 0;
};

/// Polls one organization repeatedly, one scan at a time; polls never overlap.
///
/// Polls begin on the organization's beat (`beat_after`). If a poll took longer than the interval, the next
/// one follows at once. After a failure, the next poll comes sooner, unless the failed one cost as many
/// requests as a good one (a listing read several times, or one that never ended). It comes later if the
/// server asked for a longer pause.
///
/// Driven from outside: `next` says what to do. Never throws: an exception from a callee or from the observer
/// counts as a failed poll (`internal`). One thread at a time, except where noted.
class Poller {
  public:
    /// All arguments must outlive the poller.
    Poller(const PollerOptions& options, Clock& clock, Randomness randomness, PollObserver& observer);

    /// What to do next. Call it again until there is nothing to do, and after each answer.
    [[nodiscard]] Next next();
    void answered(std::size_t page, datadog::Answer answer);

    /// Makes the next poll due at once.
    void poll_now() { due_ = SteadyTime::min(); }

    /// Continues from the last listing before a restart.
    ///
    /// @param listing its `as_of` is the start of the poll that read it
    void restore(const Listing& listing);

    /// The current counts.
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

    /// False if the current poll or wait is overdue. From any thread.
    [[nodiscard]] bool moving() const { return environment_.clock.steady_now() <= latest_.load(); }

  private:
    void apply_change();
    void finish_poll(datadog::Result<Listing> outcome);
    void count_failure(datadog::Error error);
    [[nodiscard]] SteadyTime next_poll();
    template <class Action>
    void guarded(const Action& action);
    [[nodiscard]] bool good_is_shown(SteadyTime now) const;

    PollerOptions options_;
    const SteadyTime start_;
    SteadyTime anchor_;
    const Randomness randomness_;
    RateBudget budget_;
    Pace pace_;
    Statistics statistics_;
    const ScanEnvironment environment_;
    PollObserver& observer_;

    std::optional<Scan> scan_;  ///< the poll in progress
    SteadyTime began_;          ///< start of that poll, or of the last one
    base::Timestamp attempt_;
    std::size_t under_way_ = 0;  ///< requests in flight, including those of a poll that an exception ended
    SteadyTime due_;             ///< when the next poll is due
    std::optional<SteadyTime> stale_at_;

    std::atomic<SteadyTime> latest_;  ///< deadline of the current poll or wait
};

/// Only the scheduler thread touches the pollers, so their counts and callbacks need no lock. Workers make
/// the requests in the order they arrive; no worker is tied to an organization.
///
/// An organization is in trouble while its last request got no answer (a dead network, a hanging proxy) or a
/// slow one. As long as there are other organizations, those in trouble share at most half of the workers, so
/// that the rest are polled in time however many hang.
class Dispatcher {
  public:
    /// Poller and source must live until the dispatcher has released `owner` or, without an owner, outlive
    /// the dispatcher.
    struct Member {
        Poller* poller;
        PageSource* source;
        std::shared_ptr<const void> owner = nullptr;
    };

    /// @param workers number of requests that can be in flight at once, over all members; at least 1
    Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers);
    /// Waits for requests in flight; the owners of the sources may cancel them.
    ~Dispatcher();

    /// Drives these members from now on, and calls `Poller::next` of each, including those that stay. Answers
    /// to requests of removed members are dropped. From any thread; doesn't block.
    ///
    /// @param workers the number of workers grows to this, and never shrinks
    void set_members(std::vector<Member> members, std::size_t workers);

    /// Drives the pollers until `stop` is requested. Requests in flight are then left to their workers.
    void run(const std::stop_token& stop) { drive(stop, false); }

    /// Drives the pollers until each has finished a first attempt.
    void run_once() { drive({}, true); }

    /// False if the scheduler thread did not wake up in time, or is stuck in its current round. From any
    /// thread.
    [[nodiscard]] bool moving() const { return clock_.steady_now() <= latest_.load(); }

  private:
    struct Seat {
        explicit Seat(Member of) : member(std::move(of)) {}

        const Member member;
        // Used only by the scheduler thread:
        SteadyTime wake_at = SteadyTime::min();
        bool is_taken = true;  ///< false: its member was removed
        // Protected by mutex_:
        bool in_trouble = false;
    };
    using Seats = std::vector<std::shared_ptr<Seat>>;

    struct Request {
        std::shared_ptr<Seat> seat;
        Fetch wanted;
        datadog::Answer answer = {};
    };

    void drive(const std::stop_token& stop, bool once);
    void take_up_seats();
    void advance(const std::shared_ptr<Seat>& seat);
    [[nodiscard]] std::vector<Request> wait_for_answers(const std::stop_token& stop);

    void work(const std::stop_token& stop);
    [[nodiscard]] std::deque<Request>::iterator next_request();
    [[nodiscard]] std::shared_ptr<Seat> seat_of(const Member& member) const;

    Clock& clock_;

    std::mutex mutex_;
    std::condition_variable_any work_;
    std::condition_variable_any something_came_;  ///< answers, or new seats
    // Protected by mutex_:
    Seats seats_;  ///< changed only by the scheduler thread, which reads it without the lock
    std::optional<Seats> next_seats_;  ///< to replace seats_, by the scheduler thread
    std::deque<Request> requests_;
    std::vector<Request> answered_;
    std::size_t busy_in_trouble_ = 0;
    std::size_t most_in_trouble_ = 1;

    std::atomic<SteadyTime> latest_ =
        SteadyTime::max();  ///< deadline of the scheduler thread's current wait or round

    std::mutex hiring_;                  ///< protects workers_
    std::vector<std::jthread> workers_;  ///< last: they use all of the above
};

}  // namespace exporter::scan
