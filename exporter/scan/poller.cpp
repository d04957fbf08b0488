#include "scan/poller.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace exporter::scan {

namespace {

using datadog::Answer;

/// How far a poll or a wait may exceed its deadline before the loop counts as stuck. Allows for scheduling,
/// rendering, and unresponsive name servers: glibc asks each twice, for 5 s, per search domain.
constexpr std::chrono::minutes slack{3};

/// The longest period of Datadog's rate limits is an hour. A longer pause does not come from Datadog, and
/// must not silence the exporter.
constexpr std::chrono::seconds longest_pause{3660};

/// How long the scheduler thread may take to process answers and to render the results.
constexpr std::chrono::minutes time_to_decide{1};

/// A worker that waits this long for one organization is unavailable to the rest.
constexpr std::chrono::seconds slow_answer{5};

/// The scheduler thread wakes up at least this often.
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
      start_(clock.steady_now()),
      anchor_(start_ + options.phase),
      randomness_(std::move(randomness)),
      budget_(options.rate_limit_reserve),
      pace_(options.scan.concurrency),
      environment_{options_.scan, clock, randomness_, budget_, pace_, observer, statistics_},
      observer_(observer),
      due_(start_ + options.first_poll),
      latest_(due_ + slack) {
    statistics_.interval = options_.interval;
}

Next Poller::next() {
    apply_change();
    const SteadyTime now = environment_.clock.steady_now();
    // If a poll is due, it may still succeed in time.
    if (!scan_ && stale_at_ && *stale_at_ <= now && *stale_at_ < due_) {
        const bool told = !exception_of([this] { observer_.became_stale(statistics_); });
        // Still stale: reported again later, when memory may be available.
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
    apply_change();  // A change may have arrived during the poll that has just finished.
    return under_way_ > 0 ? SteadyTime::max() : std::min(due_, stale_at_.value_or(due_));
}

void Poller::apply_change() {
    if (scan_ || under_way_ > 0) {
        return;
    }
    const std::optional<PollerChange> change = observer_.take_change();
    if (!change) {
        return;
    }
    const PollerOptions before = std::exchange(options_, change->options);
    budget_.set_reserve(options_.rate_limit_reserve);
    if (options_.scan.concurrency != before.scan.concurrency) {
        pace_ = Pace(options_.scan.concurrency);
    }
    if (stale_at_) {
        *stale_at_ += options_.stale_after - before.stale_after;
    }
    statistics_.interval = options_.interval;
    if (options_.interval != before.interval) {
        anchor_ = start_ + options_.phase;
        // Never later than it was due. The pause after a failure stays.
        if (statistics_.last_poll_succeeded) {
            due_ = std::min(due_, beat_after(began_, anchor_, options_.interval));
        }
    }
    if (change->poll_now) {
        poll_now();
    }
    latest_ = std::max(due_, environment_.clock.steady_now()) + slack;
}

/// Whether a listing that lacks little is shown and won't be stale by the next poll. If so, it stays visible
/// if this poll fails.
bool Poller::good_is_shown(SteadyTime now) const {
    const std::optional<Listing>& shown = statistics_.listing;
    return shown && stale_at_ && *stale_at_ > beat_after(now, anchor_, options_.interval) &&
           (shown->complete || !lacks_much(shown->tokens, shown->reported_tokens));
}

void Poller::answered(std::size_t page, Answer answer) {
    --under_way_;
    guarded([&] { scan_->answered(page, std::move(answer)); });
}

/// A scan that throws is a failed poll. The poller waits for its requests in flight and ignores their
/// answers.
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
        due_ = SteadyTime::max();  // The program is shutting down; that is not a failure of the poll.
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
        // Reported by the next poll, when memory may be available. No earlier retry: it would cost a whole
        // poll.
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
        // Up to a second more, so that not all clients come back at the same moment.
        const auto more = jitter(randomness_, std::chrono::seconds(1));
        return std::max(regular, now + std::min(*error->retry_after, longest_pause) + more);
    }
    // Beyond 2^20 every back-off is longer than any interval.
    const auto doublings = std::min<std::uint64_t>(statistics_.failures_in_a_row - 1, 20);
    const auto half = std::min(options_.failure_backoff * (1U << doublings), options_.interval) / 2;
    // At least half of it: a pause near zero would double the load on an API in trouble.
    const SteadyTime backed_off = now + half + jitter(randomness_, half);
    // A failed poll is followed by a pause even if it took longer than the interval.
    return regular > now ? std::min(regular, backed_off) : backed_off;
}

Dispatcher::Dispatcher(std::vector<Member> members, Clock& clock, std::size_t workers) : clock_(clock) {
    set_members(std::move(members), std::max<std::size_t>(1, workers));
}

Dispatcher::~Dispatcher() {
    for (std::jthread& worker : workers_) {
        worker.request_stop();  // Stop all before waiting for the first.
    }
}

void Dispatcher::set_members(std::vector<Member> members, std::size_t workers) {
    // The number never shrinks: idle workers cost next to nothing, and ending one could mean waiting for its
    // request.
    const std::lock_guard hiring(hiring_);
    while (workers_.size() < workers) {
        workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    Seats seats;
    seats.reserve(members.size());
    std::optional<Seats>
        never_taken_up;  // Freed after the lock: it may hold the last reference to an organization.
    const std::lock_guard lock(mutex_);
    for (Member& member : members) {
        auto seat = seat_of(member);
        seats.push_back(seat ? std::move(seat) : std::make_shared<Seat>(std::move(member)));
    }
    never_taken_up = std::exchange(next_seats_, std::move(seats));
    most_in_trouble_ = std::max<std::size_t>(1, workers_.size() / 2);
    something_came_.notify_all();
}

/// The current or pending seat of this member; null: it has none.
std::shared_ptr<Dispatcher::Seat> Dispatcher::seat_of(const Member& member) const {
    for (const Seats* seats : {next_seats_ ? &*next_seats_ : nullptr, &seats_}) {
        if (seats == nullptr) {
            continue;
        }
        const auto found =
            std::ranges::find(*seats, member.poller, [](const auto& seat) { return seat->member.poller; });
        if (found != seats->end()) {
            return *found;
        }
    }
    return nullptr;
}

void Dispatcher::take_up_seats() {
    Seats before;  // Freed after releasing the lock.
    std::deque<Request> dropped;
    {
        const std::lock_guard lock(mutex_);
        if (!next_seats_) {
            return;
        }
        before = std::exchange(seats_, *std::exchange(next_seats_, std::nullopt));
        for (const auto& seat : before) {
            seat->is_taken = false;
        }
        for (const auto& seat : seats_) {
            seat->is_taken = true;
            seat->wake_at = SteadyTime::min();
        }
        for (Request& request : std::exchange(requests_, {})) {
            (request.seat->is_taken ? requests_ : dropped).push_back(std::move(request));
        }
        // Removing a member in trouble frees its share of workers for others.
        work_.notify_all();
    }
}

void Dispatcher::drive(const std::stop_token& stop, bool once) {
    const auto attempted = [](const auto& seat) { return seat->member.poller->statistics().polls > 0; };
    while (!stop.stop_requested()) {
        take_up_seats();
        const SteadyTime now = clock_.steady_now();
        for (const auto& seat : seats_) {
            if (stop.stop_requested()) {
                return;
            }
            if (seat->wake_at <= now) {
                advance(seat);
            }
        }
        if (once && std::ranges::all_of(seats_, attempted)) {
            return;
        }
        for (Request& request : wait_for_answers(stop)) {
            // Each answer may be a page to count, and there may be many: shutting down doesn't wait for them.
            if (stop.stop_requested()) {
                return;
            }
            if (request.seat->is_taken) {
                request.seat->member.poller->answered(request.wanted.page, std::move(request.answer));
                advance(request.seat);
            }
        }
    }
}

/// Does what the member's poller asks for, until it has nothing more to do for now.
void Dispatcher::advance(const std::shared_ptr<Seat>& seat) {
    for (;;) {
        const Next next = seat->member.poller->next();
        if (const auto* pause = std::get_if<SteadyTime>(&next)) {
            seat->wake_at = *pause;
            return;
        }
        const std::lock_guard lock(mutex_);
        requests_.push_back({seat, std::get<Fetch>(next)});
        work_.notify_one();
    }
}

std::vector<Dispatcher::Request> Dispatcher::wait_for_answers(const std::stop_token& stop) {
    const SteadyTime now = clock_.steady_now();
    SteadyTime alarm = now + longest_sleep;
    for (const auto& seat : seats_) {
        alarm = std::min(alarm, seat->wake_at);
    }
    latest_ = std::max(alarm, now) + time_to_decide;
    std::unique_lock lock(mutex_);
    something_came_.wait_for(lock, stop, alarm - now, [this] { return !answered_.empty() || next_seats_; });
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
        Seat& seat = *request.seat;
        const bool in_trouble = seat.in_trouble;
        busy_in_trouble_ += in_trouble ? 1U : 0U;
        lock.unlock();
        request.answer = fetch(*seat.member.source, request.wanted);
        lock.lock();
        busy_in_trouble_ -= in_trouble ? 1U : 0U;
        // A request that waited for a worker until its deadline was never made, and says nothing about the
        // API.
        if (const datadog::Exchange& exchange = request.answer.exchange; exchange.made) {
            const bool no_answer = !request.answer.page && exchange.status == 0;
            const bool holds_up = no_answer || exchange.duration >= slow_answer;
            if (std::exchange(seat.in_trouble, holds_up) != holds_up) {
                work_.notify_all();
            }
        }
        answered_.push_back(std::move(request));
        something_came_.notify_all();
    }
}

/// The longest-waiting request among those that may have a worker.
std::deque<Dispatcher::Request>::iterator Dispatcher::next_request() {
    // If all are in trouble, there are no others to reserve workers for.
    const bool share_is_left = busy_in_trouble_ < most_in_trouble_ ||
                               std::ranges::all_of(seats_, [](const auto& seat) { return seat->in_trouble; });
    return std::find_if(requests_.begin(), requests_.end(), [share_is_left](const Request& request) {
        return share_is_left || !request.seat->in_trouble;
    });
}

}  // namespace exporter::scan
