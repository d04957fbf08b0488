// Drives all pollers with a fixed number of threads.
#pragma once

#include "scan/poller.h"

#include <atomic>
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
        // The dispatcher's own:
        SteadyTime wake_at = SteadyTime::min();
        bool in_trouble = false;  ///< protected by mutex_
    };

    /// @param members what they point to must outlive the dispatcher
    /// @param workers requests that can be under way at once, over all members; at least one
    Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers);
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
    [[nodiscard]] bool moving() const { return clock_.steady_now() <= latest_.load(); }

  private:
    struct Request {
        Member* member;
        Fetch wanted;
        datadog::Answer answer = {};
    };

    void drive(const std::stop_token& stop, bool once);
    void advance(Member& member);
    [[nodiscard]] std::vector<Request> wait_for_answers(const std::stop_token& stop);

    void work(const std::stop_token& stop);
    [[nodiscard]] std::deque<Request>::iterator next_request();

    Clock& clock_;
    const std::size_t most_in_trouble_;
    std::vector<Member> members_;

    std::mutex mutex_;
    std::condition_variable_any work_;
    std::condition_variable_any answers_came_;
    // Protected by mutex_:
    std::deque<Request> requests_;
    std::vector<Request> answered_;
    std::size_t busy_in_trouble_ = 0;

    std::atomic<SteadyTime> latest_ = SteadyTime::max();  ///< when the scheduler thread must have moved on

    std::vector<std::jthread> workers_;  ///< last: they use all of the above
};

}  // namespace exporter::scan
