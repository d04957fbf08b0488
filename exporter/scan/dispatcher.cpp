#include "scan/dispatcher.h"

#include <algorithm>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Answer;
using datadog::ErrorKind;

/// How long the scheduler thread may take to take in answers and to render what they brought.
constexpr std::chrono::minutes time_to_decide{1};

/// A worker that waits so long for one organization is unavailable to the rest.
constexpr std::chrono::seconds slow_answer{5};

/// Whether the organization holds up workers: its requests hang, or take very long to be answered, be it by
/// an error.
bool holds_up(const Answer& answer) {
    if (answer.exchange.duration >= slow_answer) {
        return true;
    }
    if (answer.page) {
        return false;
    }
    switch (answer.page.error().kind) {
        case ErrorKind::dns:
        case ErrorKind::connect:
        case ErrorKind::tls:
        case ErrorKind::timeout:
        case ErrorKind::network:
            return true;
        default:
            return false;
    }
}

}  // namespace

Dispatcher::Dispatcher(const std::vector<Member>& members, Clock& clock, std::size_t workers)
    : clock_(clock), most_in_trouble_(std::max<std::size_t>(1, workers / 2)) {
    members_.reserve(members.size());
    for (const Member& member : members) {
        members_.push_back({member});
    }
    for (std::size_t worker = 0; worker < std::max<std::size_t>(1, workers); ++worker) {
        workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
}

Dispatcher::~Dispatcher() {
    for (std::jthread& worker : workers_) {
        worker.request_stop();  // All of them, before the first is waited for.
    }
}

void Dispatcher::drive(const std::stop_token& stop, bool once) {
    const auto attempted = [](const State& member) { return member.poller->statistics().polls > 0; };
    while (!stop.stop_requested()) {
        const SteadyTime now = clock_.steady_now();
        for (State& member : members_) {
            if (stop.stop_requested()) {
                return;
            }
            if (member.wake_at <= now) {
                advance(member);
            }
        }
        if (once && std::all_of(members_.begin(), members_.end(), attempted)) {
            return;
        }
        for (Result& result : wait_for_results(stop)) {
            // Each may be a page to be counted, and many may have come: the end does not wait for them.
            if (stop.stop_requested()) {
                return;
            }
            result.member->poller->answered(result.page, std::move(result.answer));
            advance(*result.member);
        }
    }
}

/// Does what the member's poller wants done, until it wants nothing for a while.
void Dispatcher::advance(State& member) {
    for (;;) {
        const Next next = member.poller->next();
        if (const auto* pause = std::get_if<Pause>(&next)) {
            member.wake_at = pause->until;
            return;
        }
        const std::lock_guard lock(mutex_);
        jobs_.push_back({&member, std::get<Fetch>(next)});
        work_.notify_one();
    }
}

std::vector<Dispatcher::Result> Dispatcher::wait_for_results(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto came = [this] { return !results_.empty(); };
    SteadyTime alarm = SteadyTime::max();
    for (const State& member : members_) {
        alarm = std::min(alarm, member.wake_at);
    }
    const SteadyTime now = clock_.steady_now();
    progress_.expect_by(std::max(alarm, now), time_to_decide);
    if (alarm == SteadyTime::max()) {
        results_came_.wait(lock, stop, came);
    } else {
        results_came_.wait_for(lock, stop, alarm - now, came);
    }
    progress_.expect_by(clock_.steady_now(), time_to_decide);
    return std::exchange(results_, {});
}

void Dispatcher::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [this] { return next_job() != jobs_.end(); }) && !stop.stop_requested()) {
        const auto next = next_job();
        const Job job = *next;
        jobs_.erase(next);
        const bool in_trouble = job.member->in_trouble;
        busy_in_trouble_ += in_trouble ? 1U : 0U;
        lock.unlock();
        Answer answer = fetch(*job.member->source, job.wanted);
        lock.lock();
        busy_in_trouble_ -= in_trouble ? 1U : 0U;
        // A request that was not made, as it had waited for a worker until its deadline, says nothing.
        const bool held_up = answer.exchange.made ? holds_up(answer) : job.member->in_trouble;
        if (std::exchange(job.member->in_trouble, held_up) != held_up) {
            work_.notify_all();
        }
        results_.push_back({job.member, job.wanted.page, std::move(answer)});
        results_came_.notify_all();
    }
}

/// The one that has waited longest, of those that may have a worker.
std::deque<Dispatcher::Job>::iterator Dispatcher::next_job() {
    const auto in_trouble = [](const State& member) { return member.in_trouble; };
    // Where all are in trouble there is nobody to leave anything to.
    const bool share_is_left =
        busy_in_trouble_ < most_in_trouble_ || std::all_of(members_.begin(), members_.end(), in_trouble);
    return std::find_if(jobs_.begin(), jobs_.end(),
                        [share_is_left](const Job& job) { return share_is_left || !job.member->in_trouble; });
}

}  // namespace exporter::scan
