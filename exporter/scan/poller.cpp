#include "scan/poller.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace exporter::scan {

namespace {

using datadog::Answer;

/// How far a poll or a wait may run over its time before the loop counts as stuck: scheduling, rendering, and
/// name servers that do not answer, of which glibc asks each twice for 5 s, for each search domain.
constexpr std::chrono::minutes slack{3};

/// The longest period of Datadog's rate limits is an hour. Whoever asks for a longer pause is not Datadog,
/// and must not silence the exporter.
constexpr std::chrono::seconds longest_pause{3660};

/// How long the scheduler thread may take to take in answers and to render what they brought.
constexpr std::chrono::minutes time_to_decide{1};

/// A worker that waits so long for one organization is unavailable to the rest.
constexpr std::chrono::seconds slow_answer{5};

/// The scheduler thread looks around though nothing is due.
constexpr std::chrono::hours longest_sleep{1};

/// nullopt: `action` threw nothing.
template <class Action>
std::optional<datadog::Error> exception_of(const Action& action) {
    try {
        action();
        return std::nullopt;
    } catch (const std::exception& exception) {
        return datadog::Error{datadog::ErrorKind::internal, exception.what()};
    }
}

}  // namespace

SteadyTime beat_after(SteadyTime began, SteadyTime anchor, SteadyTime::duration interval) {
    const SteadyTime earliest = began + interval / 2;
    const SteadyTime beat = anchor + (earliest - anchor) / interval * interval;
    return beat < earliest ? beat + interval : beat;
}

Poller::Poller(const PollerOptions& options, Clock& clock, Randomness randomness, PollObserver& observer)
    : options_(options),
      anchor_(clock.steady_now() + options.phase),
      randomness_(std::move(randomness)),
      budget_(options.rate_limit_reserve),
      pace_(options.scan.concurrency),
      environment_{options_.scan, clock, randomness_, budget_, pace_, observer, statistics_},
      observer_(observer),
      due_(clock.steady_now() + options.first_poll),
      latest_(due_ + slack) {
    statistics_.interval = options_.interval;
}

Next Poller::next() {
    const SteadyTime now = environment_.clock.steady_now();
    // A poll that is due may still bring a success in time.
    if (!scan_ && stale_at_ && *stale_at_ <= now && *stale_at_ < due_) {
        const bool told = !exception_of([this] { observer_.became_stale(statistics_); });
        // Still stale: told again when there may be memory.
        stale_at_ = told ? std::nullopt : std::optional(now + std::chrono::seconds(1));
    }
    if (!scan_ && under_way_ == 0 && due_ <= now) {
        began_ = now;
        attempt_ = environment_.clock.now();
        const SteadyTime deadline = now + options_.timeout;
        latest_ = deadline + slack;
        statistics_.last_pages = 0;
        scan_.emplace(environment_, deadline, good_is_shown(now));
    }
    Next next = SteadyTime::max();
    guarded([this, &next] {
        next = scan_->next();
        if (scan_->outcome()) {
            finish_poll(*scan_->outcome());
        }
    });
    if (scan_) {
        under_way_ += std::holds_alternative<Fetch>(next) ? 1U : 0U;
        return next;
    }
    return under_way_ > 0 ? SteadyTime::max() : std::min(due_, stale_at_.value_or(due_));
}

/// Whether a listing that does not lack much is shown, and will be at the next poll: there is none that would
/// fail and then leave nothing to be shown.
bool Poller::good_is_shown(SteadyTime now) const {
    const std::optional<Listing>& shown = statistics_.listing;
    return shown && stale_at_ && *stale_at_ > beat_after(now, anchor_, options_.interval) &&
           (shown->complete || !lacks_much(shown->tokens, shown->reported_tokens));
}

void Poller::answered(std::size_t page, Answer answer) {
    --under_way_;
    guarded([&] { scan_->answered(page, std::move(answer)); });
}

/// A scan that throws is a failed poll. What is still under way of it is waited for and ignored.
template <class Action>
void Poller::guarded(const Action& action) {
    if (!scan_) {
        return;
    }
    if (auto exception = exception_of(action)) {
        finish_poll(tl::unexpected(*std::move(exception)));
    }
}

void Poller::finish_poll(datadog::Result<Listing> outcome) {
    scan_.reset();
    if (!outcome && outcome.error().kind == datadog::ErrorKind::cancelled) {
        due_ = SteadyTime::max();  // The program is ending; that is no failure of the poll.
        return;
    }

    ++statistics_.polls;
    statistics_.last_attempt = attempt_;
    statistics_.last_duration = environment_.clock.steady_now() - began_;
    statistics_.last_poll_succeeded = outcome.has_value();
    statistics_.last_error.reset();
    if (outcome) {
        statistics_.last_success = attempt_;
        statistics_.listing = *outcome;
        statistics_.failures_in_a_row = 0;
        stale_at_ = began_ + options_.stale_after;
    } else {
        count_failure(std::move(outcome).error());
    }
    if (auto exception = exception_of([this] { observer_.poll_finished(statistics_); })) {
        // Told the next time, when there may be memory again; no sooner, as it costs a whole poll.
        exception->costly = true;
        count_failure(*std::move(exception));
    }
    due_ = next_poll();
    latest_ = due_ + slack;
}

void Poller::count_failure(datadog::Error error) {
    ++statistics_.failures[static_cast<std::size_t>(error.kind)];
    ++statistics_.failures_in_a_row;
    statistics_.last_poll_succeeded = false;
    statistics_.last_error = std::move(error);
}

void Poller::restore(const Listing& listing) {
    statistics_.listing = listing;
    statistics_.last_success = listing.as_of;
    const auto age = environment_.clock.now() - listing.as_of;
    stale_at_ = environment_.clock.steady_now() + options_.stale_after - age;
}

SteadyTime Poller::next_poll() {
    const SteadyTime now = environment_.clock.steady_now();
    const SteadyTime regular = beat_after(began_, anchor_, options_.interval);
    const std::optional<datadog::Error>& error = statistics_.last_error;
    if (!error) {
        return regular;
    }
    if (error->costly) {
        return regular > now ? regular : beat_after(now, anchor_, options_.interval);
    }
    if (error->retry_after && *error->retry_after > std::chrono::seconds(0)) {
        // Up to a second more, so that not all clients return in the same moment.
        const auto more = jitter(randomness_, std::chrono::seconds(1));
        return std::max(regular, now + std::min(*error->retry_after, longest_pause) + more);
    }
    // Beyond 2^20 every back-off is longer than any interval.
    const auto doublings = std::min<std::uint64_t>(statistics_.failures_in_a_row - 1, 20);
    const auto half = std::min(options_.failure_backoff * (1U << doublings), options_.interval) / 2;
    // From half of it upwards: a pause near nothing would double the load on an API in trouble.
    const SteadyTime backed_off = now + half + jitter(randomness_, half);
    // A poll that took longer than the interval to fail is no reason to do without a pause.
    return regular > now ? std::min(regular, backed_off) : backed_off;
}

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
        if (const auto* pause = std::get_if<SteadyTime>(&next)) {
            member.wake_at = *pause;
            return;
        }
        const std::lock_guard lock(mutex_);
        requests_.push_back({&member, std::get<Fetch>(next)});
        work_.notify_one();
    }
}

std::vector<Dispatcher::Request> Dispatcher::wait_for_answers(const std::stop_token& stop) {
    const SteadyTime now = clock_.steady_now();
    SteadyTime alarm = now + longest_sleep;
    for (const Member& member : members_) {
        alarm = std::min(alarm, member.wake_at);
    }
    latest_ = std::max(alarm, now) + time_to_decide;
    std::unique_lock lock(mutex_);
    answers_came_.wait_for(lock, stop, alarm - now, [this] { return !answered_.empty(); });
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
        if (const datadog::Exchange& exchange = request.answer.exchange; exchange.made) {
            const bool no_answer = !request.answer.page && exchange.status == 0;
            const bool holds_up = no_answer || exchange.duration >= slow_answer;
            if (std::exchange(member.in_trouble, holds_up) != holds_up) {
                work_.notify_all();
            }
        }
        answered_.push_back(std::move(request));
        answers_came_.notify_all();
    }
}

/// The one that has waited longest, of those that may have a worker.
std::deque<Dispatcher::Request>::iterator Dispatcher::next_request() {
    // Where all are in trouble there is nobody to leave anything to.
    const bool share_is_left =
        busy_in_trouble_ < most_in_trouble_ || std::ranges::all_of(members_, &Member::in_trouble);
    return std::find_if(requests_.begin(), requests_.end(), [share_is_left](const Request& request) {
        return share_is_left || !request.member->in_trouble;
    });
}

}  // namespace exporter::scan
