// Drives all pollers with a fixed number of threads.
#pragma once

#include "scan/poller.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace exporter::scan {

/// The scheduler thread alone touches the pollers, so that what they count and tell needs no lock. Workers
/// make the requests, first come first served; none of them belongs to an organization.
///
/// An organization that got no answer to its last request (a dead network, a proxy that hangs), or waited
/// long for it, is in trouble until one comes soon. All that are in trouble get at most half of the workers,
/// as long as there are others: however many hang, the others are polled in time.
class Dispatcher {
  public:
    struct Member {
        Poller* poller;
        PageSource* source;
    };

    /// @param members must outlive the dispatcher
    /// @param workers requests that can be under way at once, over all members; at least one
    Dispatcher(const std::vector<Member>& members, Clock& clock, std::size_t workers);
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    /// Waits for requests under way; `PageSource`'s owner may cut them short.
    ~Dispatcher();

    /// Drives the pollers until `stop` is requested. Requests under way are then left to their workers.
    void run(const std::stop_token& stop) { drive(stop, false); }

    /// Drives the pollers until each has finished a first attempt.
    void run_once() { drive({}, true); }

    /// False: the scheduler thread has not woken up when it should have, or is stuck in its current round.
    /// From any thread.
    [[nodiscard]] bool moving() const { return !progress_.is_overdue(clock_.steady_now()); }

  private:
    struct State : Member {
        SteadyTime wake_at = SteadyTime::min();
        bool in_trouble = false;  ///< protected by mutex_
    };
    struct Job {
        State* member;
        Fetch wanted;
    };
    struct Result {
        State* member;
        std::size_t page;
        datadog::Answer answer;
    };

    void drive(const std::stop_token& stop, bool once);
    void advance(State& member);
    [[nodiscard]] std::vector<Result> wait_for_results(const std::stop_token& stop);

    void work(const std::stop_token& stop);
    [[nodiscard]] std::deque<Job>::iterator next_job();

    Clock& clock_;
    const std::size_t most_in_trouble_;
    std::vector<State> members_;

    std::mutex mutex_;
    std::condition_variable_any work_;
    std::condition_variable_any results_came_;
    // Protected by mutex_:
    std::deque<Job> jobs_;
    std::vector<Result> results_;
    std::size_t busy_in_trouble_ = 0;

    Progress progress_;

    std::vector<std::jthread> workers_;  ///< last: they use all of the above
};

}  // namespace exporter::scan
