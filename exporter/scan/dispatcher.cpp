#include "scan/dispatcher.h"

#include <algorithm>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Answer;

/// How long the scheduler thread may take to take in answers and to render what they brought.
constexpr std::chrono::minutes time_to_decide{1};

/// A worker that waits so long for one organization is unavailable to the rest.
constexpr std::chrono::seconds slow_answer{5};

/// Whether the organization holds up workers: its requests hang, or take very long to be answered, be it by
/// an error.
bool holds_up(const Answer& answer) {
    return answer.exchange.duration >= slow_answer || (!answer.page && answer.exchange.status == 0);
}

}  // namespace

Dispatcher::Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers)
    : clock_(clock), most_in_trouble_(std::max<std::size_t>(1, workers / 2)), members_(std::move(members)) {
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
    const auto attempted = [](const Member& member) { return member.poller->statistics().polls > 0; };
    while (!stop.stop_requested()) {
        const SteadyTime now = clock_.steady_now();
        for (Member& member : members_) {
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
        for (Request& request : wait_for_answers(stop)) {
            // Each may be a page to be counted, and many may have come: the end does not wait for them.
            if (stop.stop_requested()) {
                return;
            }
            request.member->poller->answered(request.wanted.page, std::move(request.answer));
            advance(*request.member);
        }
    }
}

/// Does what the member's poller wants done, until it wants nothing for a while.
void Dispatcher::advance(Member& member) {
    for (;;) {
        const Next next = member.poller->next();
        if (const auto* pause = std::get_if<Pause>(&next)) {
            member.wake_at = pause->until;
            return;
        }
        const std::lock_guard lock(mutex_);
        requests_.push_back({&member, std::get<Fetch>(next)});
        work_.notify_one();
    }
}

std::vector<Dispatcher::Request> Dispatcher::wait_for_answers(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto came = [this] { return !answered_.empty(); };
    SteadyTime alarm = SteadyTime::max();
    for (const Member& member : members_) {
        alarm = std::min(alarm, member.wake_at);
    }
    const SteadyTime now = clock_.steady_now();
    latest_ = std::clamp(alarm, now, SteadyTime::max() - time_to_decide) + time_to_decide;
    if (alarm == SteadyTime::max()) {
        answers_came_.wait(lock, stop, came);
    } else {
        answers_came_.wait_for(lock, stop, alarm - now, came);
    }
    latest_ = clock_.steady_now() + time_to_decide;
    return std::exchange(answered_, {});
}

void Dispatcher::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return next_request() != requests_.end(); };
    while (work_.wait(lock, stop, has_work) && !stop.stop_requested()) {
        const auto next = next_request();
        Request request = std::move(*next);
        requests_.erase(next);
        Member& member = *request.member;
        const bool in_trouble = member.in_trouble;
        busy_in_trouble_ += in_trouble ? 1U : 0U;
        lock.unlock();
        request.answer = fetch(*member.source, request.wanted);
        lock.lock();
        busy_in_trouble_ -= in_trouble ? 1U : 0U;
        // A request that was not made, as it had waited for a worker until its deadline, says nothing.
        const bool held_up = request.answer.exchange.made ? holds_up(request.answer) : member.in_trouble;
        if (std::exchange(member.in_trouble, held_up) != held_up) {
            work_.notify_all();
        }
        answered_.push_back(std::move(request));
        answers_came_.notify_all();
    }
}

/// The one that has waited longest, of those that may have a worker.
std::deque<Dispatcher::Request>::iterator Dispatcher::next_request() {
    const auto in_trouble = [](const Member& member) { return member.in_trouble; };
    // Where all are in trouble there is nobody to leave anything to.
    const bool share_is_left =
        busy_in_trouble_ < most_in_trouble_ || std::all_of(members_.begin(), members_.end(), in_trouble);
    return std::find_if(requests_.begin(), requests_.end(), [share_is_left](const Request& request) {
        return share_is_left || !request.member->in_trouble;
    });
}

}  // namespace exporter::scan
