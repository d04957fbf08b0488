// When organizations are polled: a poller schedules the polls of one and records their outcome, a dispatcher
// drives all pollers with a fixed number of threads.
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

/// What a poller does differently from now on.
struct PollerChange {
    PollerOptions options;  ///< `first_poll` has no effect
    bool poll_now = false;  ///< otherwise the schedule stays, and moves only with the interval
};

/// Receives the listings, and hears of each poll. Called on the thread that drives the poller.
class PollObserver : public ListingSink {
  public:
    /// Asked between polls, when no request is under way: what it changes never mixes two configurations in
    /// one poll. nullopt: nothing has changed.
    [[nodiscard]] virtual std::optional<PollerChange> take_change() { return std::nullopt; }
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

    /// What is to be done. To be asked again until that is nothing, and after each answer.
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

    std::optional<Scan> scan_;  ///< the poll under way
    SteadyTime began_;          ///< it, or the one before
    base::Timestamp attempt_;
    std::size_t under_way_ = 0;  ///< requests, of a poll that failed by an exception too
    SteadyTime due_;             ///< the next poll
    std::optional<SteadyTime> stale_at_;

    std::atomic<SteadyTime> latest_;  ///< when the poll or the wait must be over
};

/// The scheduler thread alone touches the pollers, so that what they count and tell needs no lock. Workers
/// make the requests, first come first served; none of them belongs to an organization.
///
/// An organization that got no answer to its last request (a dead network, a proxy that hangs), or waited
/// long for it, is in trouble until one comes soon. All that are in trouble get at most half of the workers,
/// as long as there are others: however many hang, the others are polled in time.
class Dispatcher {
  public:
    /// What it points to must live until the dispatcher has let go of `owner`; without one, longer than the
    /// dispatcher.
    struct Member {
        Poller* poller;
        PageSource* source;
        std::shared_ptr<const void> owner = nullptr;
    };

    /// @param workers requests that can be under way at once, over all members; at least one
    Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers);
    /// Waits for requests under way; `PageSource`'s owner may cut them short.
    ~Dispatcher();

    /// Drives these from now on. All of them are asked what is to be done (`Poller::next`), those that were
    /// members before as well. The answer to a request of one that is no longer a member is dropped. From any
    /// thread; doesn't wait.
    ///
    /// @param workers if they are more than before, there are that many from now on
    void set_members(std::vector<Member> members, std::size_t workers);

    /// Drives the pollers until `stop` is requested. Requests under way are then left to their workers.
    void run(const std::stop_token& stop) { drive(stop, false); }

    /// Drives the pollers until each has finished a first attempt.
    void run_once() { drive({}, true); }

    /// False: the scheduler thread has not woken up when it should have, or is stuck in its current round.
    /// From any thread.
    [[nodiscard]] bool moving() const { return clock_.steady_now() <= latest_.load(); }

  private:
    struct Seat {
        explicit Seat(Member of) : member(std::move(of)) {}

        const Member member;
        // Used by the scheduler thread alone:
        SteadyTime wake_at = SteadyTime::min();
        bool is_taken = true;  ///< false: it has been given up
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
    std::condition_variable_any something_came_;  ///< answers, or other seats
    // Protected by mutex_:
    Seats seats_;                      ///< changed by the scheduler thread alone, which reads it without
    std::optional<Seats> next_seats_;  ///< for the scheduler thread to take up
    std::deque<Request> requests_;
    std::vector<Request> answered_;
    std::size_t busy_in_trouble_ = 0;
    std::size_t most_in_trouble_ = 1;

    std::atomic<SteadyTime> latest_ = SteadyTime::max();  ///< when the scheduler thread must have moved on

    std::mutex hiring_;                  ///< protects workers_
    std::vector<std::jthread> workers_;  ///< last: they use all of the above
};

}  // namespace exporter::scan
