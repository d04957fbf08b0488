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

/// How long the deciding thread may take to take in answers and to render what they brought.
constexpr std::chrono::minutes time_to_decide{1};

/// A worker that waits so long for one organization is missing to the others.
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

Dispatcher::Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers)
    : members_(std::move(members)),
      clock_(clock),
      most_in_trouble_(std::max<std::size_t>(1, workers / 2)),
      states_(members_.size()) {
    for (std::size_t member = 0; member < members_.size(); ++member) {
        alarms_.emplace(SteadyTime::min(), member);
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
                           [](const Member& member) { return member.poller->attempted(); });
    });
}

template <class Done>
void Dispatcher::drive(const std::stop_token& stop, Done done) {
    while (!stop.stop_requested()) {
        for (const std::size_t member : due_members()) {
            if (stop.stop_requested()) {
                return;
            }
            advance(member);
        }
        if (done()) {
            return;
        }
        for (Result& result : wait_for_results(stop)) {
            // Each may be a page to be counted, and many may have come: the end does not wait for them.
            if (stop.stop_requested()) {
                return;
            }
            const std::size_t member = result.member;
            take(std::move(result));
            advance(member);
        }
    }
}

std::vector<std::size_t> Dispatcher::due_members() const {
    std::vector<std::size_t> members;
    const auto later = alarms_.upper_bound(clock_.steady_now());
    for (auto alarm = alarms_.begin(); alarm != later; ++alarm) {
        members.push_back(alarm->second);
    }
    return members;
}

/// Does what the member's poller wants done, until it wants nothing for a while.
void Dispatcher::advance(std::size_t member) {
    State& state = states_[member];
    const auto [first, last] = alarms_.equal_range(state.wake_at);
    const auto alarm =
        std::find_if(first, last, [member](const auto& entry) { return entry.second == member; });
    if (alarm != last) {
        alarms_.erase(alarm);
    }
    for (;;) {
        const Next next = members_[member].poller->next();
        if (const auto* pause = std::get_if<Pause>(&next)) {
            state.wake_at = pause->until;
            alarms_.emplace(state.wake_at, member);
            return;
        }
        Job job{member, jobs_++, Prepare{}, state.in_trouble};
        if (const auto* fetch = std::get_if<Fetch>(&next)) {
            job.what = *fetch;
        }
        const std::lock_guard lock(mutex_);
        (state.in_trouble ? troubled_ : healthy_).push_back(job);
        work_.notify_one();
    }
}

void Dispatcher::take(Result result) {
    Poller& poller = *members_[result.member].poller;
    if (auto* prepared = std::get_if<datadog::Result<void>>(&result.what)) {
        poller.prepared(std::move(*prepared));
        return;
    }
    auto& [page, answer] = std::get<1>(result.what);
    // A request that was not made, as it had waited for a worker until its deadline, says nothing.
    if (answer.exchange.made) {
        set_in_trouble(states_[result.member], holds_up(answer));
    }
    poller.answered(page, std::move(answer));
}

void Dispatcher::set_in_trouble(State& state, bool in_trouble) {
    if (std::exchange(state.in_trouble, in_trouble) == in_trouble) {
        return;
    }
    const std::lock_guard lock(mutex_);
    in_trouble ? ++members_in_trouble_ : --members_in_trouble_;
    work_.notify_all();
}

bool Dispatcher::moving() const {
    return clock_.steady_now().time_since_epoch().count() <= awake_by_.load();
}

std::deque<Dispatcher::Result> Dispatcher::wait_for_results(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto came = [this] { return !results_.empty(); };
    const SteadyTime alarm = alarms_.empty() ? SteadyTime::max() : alarms_.begin()->first;
    const SteadyTime now = clock_.steady_now();
    expect_to_be_awake_by(std::max(alarm, now));
    if (alarm == SteadyTime::max()) {
        results_came_.wait(lock, stop, came);
    } else {
        results_came_.wait_for(lock, stop, alarm - now, came);
    }
    expect_to_be_awake_by(clock_.steady_now());
    return std::exchange(results_, {});
}

void Dispatcher::expect_to_be_awake_by(SteadyTime moment) {
    const SteadyTime limit =
        moment < SteadyTime::max() - time_to_decide ? moment + time_to_decide : SteadyTime::max();
    awake_by_.store(limit.time_since_epoch().count());
}

void Dispatcher::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [this] { return queue_with_work() != nullptr; }) &&
           !stop.stop_requested()) {
        std::deque<Job>& queue = *queue_with_work();
        const Job job = queue.front();
        queue.pop_front();
        busy_in_trouble_ += job.in_trouble ? 1U : 0U;
        lock.unlock();
        Result result = perform(job);
        lock.lock();
        busy_in_trouble_ -= job.in_trouble ? 1U : 0U;
        results_.push_back(std::move(result));
        results_came_.notify_all();
    }
}

/// Whichever has waited longest, of those that may have a worker.
std::deque<Dispatcher::Job>* Dispatcher::queue_with_work() {
    // Where all are in trouble there is nobody to leave anything to.
    const bool share_is_left = members_in_trouble_ == members_.size() || busy_in_trouble_ < most_in_trouble_;
    const bool troubled_may = !troubled_.empty() && share_is_left;
    if (healthy_.empty()) {
        return troubled_may ? &troubled_ : nullptr;
    }
    return troubled_may && troubled_.front().number < healthy_.front().number ? &troubled_ : &healthy_;
}

Dispatcher::Result Dispatcher::perform(const Job& job) const {
    PageSource& source = *members_[job.member].source;
    if (const auto* wanted = std::get_if<Fetch>(&job.what)) {
        return {job.member, std::pair(wanted->page, fetch(source, *wanted))};
    }
    return {job.member, prepare(source)};
}

}  // namespace exporter::scan
