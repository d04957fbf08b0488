#include "scan/poller.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace exporter::scan {

namespace {

/// How far a poll or a wait may run over its time before the loop counts as stuck: scheduling, rendering, and
/// name servers that do not answer, of which glibc asks each twice for 5 s, for each search domain.
constexpr std::chrono::minutes slack{3};

/// The longest period of Datadog's rate limits is an hour. Whoever asks for a longer pause is not Datadog,
/// and must not silence the exporter.
constexpr std::chrono::seconds longest_pause{3660};

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
      latest_(due_ + slack) {}

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
    Next next = until_answered;
    guarded([this, &next] {
        next = scan_->next();
        if (scan_->outcome()) {
            finish_poll(*scan_->outcome());
        }
    });
    if (scan_) {
        under_way_ += std::holds_alternative<Pause>(next) ? 0U : 1U;
        return next;
    }
    return under_way_ > 0 ? until_answered : Pause{std::min(due_, stale_at_.value_or(due_))};
}

/// Whether a listing that does not lack much is shown, and will be at the next poll: there is none that would
/// fail and then leave nothing to be shown.
bool Poller::good_is_shown(SteadyTime now) const {
    const std::optional<Listing>& shown = statistics_.listing;
    return shown && stale_at_ && *stale_at_ > beat_after(now, anchor_, options_.interval) &&
           (shown->complete || !lacks_much(shown->tokens, shown->reported_tokens));
}

void Poller::answered(std::size_t page, datadog::Answer answer) {
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

}  // namespace exporter::scan
