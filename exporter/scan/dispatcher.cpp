#include "scan/dispatcher.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Answer;
using datadog::Error;
using datadog::ErrorKind;

Error internal(const std::exception& exception) {
    return {ErrorKind::internal, exception.what(), std::nullopt};
}

datadog::Result<void> prepare(PageSource& source) {
    try {
        return source.prepare();
    } catch (const std::exception& exception) {
        return tl::unexpected(internal(exception));
    }
}

Answer fetch(PageSource& source, const Fetch& wanted) {
    try {
        return source.page(wanted.page, wanted.deadline);
    } catch (const std::exception& exception) {
        datadog::Exchange none;
        none.made = false;
        return {std::move(none), tl::unexpected(internal(exception))};
    }
}

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
        members_.push_back({member.poller, member.source});
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

void Dispatcher::run(const std::stop_token& stop) {
    drive(stop, [] { return false; });
}

void Dispatcher::run_once() {
    drive({}, [this] {
        return std::all_of(members_.begin(), members_.end(),
                           [](const State& member) { return member.poller->attempted(); });
    });
}

template <class Done>
void Dispatcher::drive(const std::stop_token& stop, Done done) {
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
        if (done()) {
            return;
        }
        for (Result& result : wait_for_results(stop)) {
            // Each may be a page to be counted, and many may have come: the end does not wait for them.
            if (stop.stop_requested()) {
                return;
            }
            State& member = *result.member;
            take(std::move(result));
            advance(member);
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
        jobs_.push_back({&member, next, member.in_trouble});
        work_.notify_one();
    }
}

void Dispatcher::take(Result result) {
    Poller& poller = *result.member->poller;
    if (auto* prepared = std::get_if<datadog::Result<void>>(&result.what)) {
        poller.prepared(std::move(*prepared));
        return;
    }
    auto& [page, answer] = std::get<1>(result.what);
    // A request that was not made, as it had waited for a worker until its deadline, says nothing.
    if (answer.exchange.made) {
        set_in_trouble(*result.member, holds_up(answer));
    }
    poller.answered(page, std::move(answer));
}

void Dispatcher::set_in_trouble(State& member, bool in_trouble) {
    if (std::exchange(member.in_trouble, in_trouble) == in_trouble) {
        return;
    }
    const std::lock_guard lock(mutex_);
    in_trouble ? ++members_in_trouble_ : --members_in_trouble_;
    work_.notify_all();
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
        busy_in_trouble_ += job.in_trouble ? 1U : 0U;
        lock.unlock();
        PageSource& source = *job.member->source;
        Result result{job.member, {}};
        if (const auto* wanted = std::get_if<Fetch>(&job.what)) {
            result.what = std::pair(wanted->page, fetch(source, *wanted));
        } else {
            result.what = prepare(source);
        }
        lock.lock();
        busy_in_trouble_ -= job.in_trouble ? 1U : 0U;
        results_.push_back(std::move(result));
        results_came_.notify_all();
    }
}

/// The one that has waited longest, of those that may have a worker.
std::deque<Dispatcher::Job>::iterator Dispatcher::next_job() {
    // Where all are in trouble there is nobody to leave anything to.
    const bool share_is_left = members_in_trouble_ == members_.size() || busy_in_trouble_ < most_in_trouble_;
    return std::find_if(jobs_.begin(), jobs_.end(),
                        [share_is_left](const Job& job) { return !job.in_trouble || share_is_left; });
}

}  // namespace exporter::scan
