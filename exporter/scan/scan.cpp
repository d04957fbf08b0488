#include "scan/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Answer;
using datadog::Error;
using datadog::ErrorKind;
using datadog::Page;
using datadog::Result;

/// Pages per request in flight that may wait for their turn, so that one late page doesn't immediately hold
/// up the others.
constexpr std::size_t pages_ahead = 2;

std::optional<RetryReason> retry_reason(const Error& error) {
    switch (error.kind) {
        case ErrorKind::rate_limited:
            return RetryReason::rate_limited;
        case ErrorKind::server_error:
            return RetryReason::server_error;
        case ErrorKind::dns:
        case ErrorKind::connect:
        case ErrorKind::timeout:
        case ErrorKind::network:
            return RetryReason::network;
        default:
            // The connection was closed for lack of memory, which may be available again in a moment.
            return error.no_room ? std::optional(RetryReason::network) : std::nullopt;
    }
}

/// If a poll times out after this many pages, the API was slow only if it was silent for the last `silence`;
/// otherwise the listing is long.
constexpr std::size_t many_pages = 10;
constexpr std::chrono::seconds silence{5};
constexpr std::string_view advice_on_many_pages =
    "pages kept coming until the poll timed out: if the organization really has that many tokens, "
    "raise --poll.timeout or --poll.concurrency; otherwise the listing has no end: check the proxies in "
    "between";

/// People need to know the last failure, not that time ran out.
Error out_of_time(Error error) {
    error.message += "; no time is left to retry";
    return error;
}

}  // namespace

Answer fetch(PageSource& source, const Fetch& wanted) {
    const auto unasked = [](Error error) {
        return Answer{{.made = false}, tl::unexpected(std::move(error))};
    };
    try {
        if (wanted.begins_poll) {
            if (Result<void> ready = source.prepare(); !ready) {
                return unasked(std::move(ready).error());
            }
        }
        return source.page(wanted.page, wanted.deadline);
    } catch (const std::exception& exception) {
        return unasked({ErrorKind::internal, exception.what()});
    }
}

Scan::Scan(const ScanEnvironment& environment, SteadyTime deadline, bool good_is_shown)
    : environment_(environment),
      deadline_(deadline),
      good_is_shown_(good_is_shown),
      now_(environment.clock.now()),
      repeats_left_(environment.options.max_retries_per_poll) {
    environment_.pace.begin();
}

Next Scan::next() {
    if (phase_ == Phase::between_readings) {
        if (environment_.clock.steady_now() < again_at_) {
            return again_at_;
        }
        phase_ = Phase::reading;
        ++readings_;
        reading_began_ = environment_.clock.steady_now();
        reading_.emplace(now_, environment_.sink, environment_.options.max_tokens);
        order_.emplace(pages_ahead * environment_.options.concurrency);
    }
    return phase_ == Phase::reading ? next_request() : SteadyTime::max();
}

Next Scan::next_request() {
    const SteadyTime now = environment_.clock.steady_now();
    if (now < quiet_until_) {
        return quiet_until_;
    }
    const auto page = order_->wanted(now, environment_.pace.limit());
    if (!page) {
        return page.error();
    }
    const std::size_t under_way = order_->under_way();
    if (!environment_.budget.has_room(under_way, now)) {
        return under_way == 0 ? wait_for_budget(now) : SteadyTime::max();
    }
    if (const Repeat* const repeat = order_->ask(*page)) {
        ++environment_.statistics.retries[static_cast<std::size_t>(repeat->reason)];
    }
    return Fetch{*page, deadline_, !std::exchange(prepared_, true)};
}

Next Scan::wait_for_budget(SteadyTime now) {
    const SteadyTime reset = environment_.budget.opens();
    // A little longer than requested, so that not all clients return at the same time.
    constexpr int part_of_wait = 20;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(reset - now);
    const auto more = jitter(environment_.randomness, std::chrono::seconds(1));
    const SteadyTime opens = now + wait + std::min(more, wait / part_of_wait);
    if (opens < deadline_) {
        return opens;
    }
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(reset - now);
    end_reading(Error{ErrorKind::rate_limited,
                      fmt::format("page {}: only the rate-limit reserve is left (--poll.rate-limit-reserve), "
                                  "and the reset in {} s is too late for this poll",
                                  order_->turn(), seconds.count()),
                      seconds});
    return now;
}

void Scan::answered(std::size_t page, Answer answer) {
    std::optional<Repeat> repeat = order_->answered(page);
    if (answer.page) {
        distrust_later_dates(*answer.page, environment_.clock.now());
    }
    if (answer.exchange.made) {
        count(answer);
    }
    if (phase_ == Phase::reading) {
        if (auto outcome = outcome_of(page, std::move(answer), std::move(repeat))) {
            order_->arrived(page, *std::move(outcome));
            take_in_order();
        }
    } else if (order_->under_way() == 0) {
        conclude_reading();
    }
}

std::optional<Result<Page>> Scan::outcome_of(std::size_t page, Answer answer, std::optional<Repeat> repeat) {
    if (answer.page) {
        last_page_at_ = environment_.clock.steady_now();
        if (page == 0) {
            first_exchange_ = std::chrono::duration_cast<SteadyTime::duration>(answer.exchange.duration);
        }
        return std::move(answer.page);
    }
    if (answer.page.error().no_room) {
        order_->go_one_by_one();
        if (page > order_->turn()) {
            return std::nullopt;
        }
    }
    const bool too_late = !answer.exchange.made && repeat;
    std::optional<Error> error =
        too_late ? out_of_time(std::move(repeat->error))
                 : repeat_later(page, std::move(answer.page).error(), repeat ? repeat->number : 0);
    if (!error) {
        return std::nullopt;
    }
    if (error->kind != ErrorKind::credentials) {
        error->message = fmt::format("page {}: {}", page, error->message);
    }
    return tl::unexpected(*std::move(error));
}

std::optional<Error> Scan::repeat_later(std::size_t page, Error error, int repeats) {
    const auto reason = retry_reason(error);
    if (!reason || error.definitive || repeats >= environment_.options.max_retries) {
        return error;
    }
    if (repeats_left_-- <= 0) {
        error.message += fmt::format("; this poll has already retried {} requests",
                                     environment_.options.max_retries_per_poll);
        return error;
    }
    // What the server asked for plus up to a second; otherwise exponential back-off with full jitter.
    const bool pause_asked_for = error.retry_after && *error.retry_after > std::chrono::seconds(0);
    const auto up_to =
        pause_asked_for ? std::chrono::seconds(1) : environment_.options.backoff * (1 << repeats);
    const SteadyTime not_before = environment_.clock.steady_now() +
                                  (pause_asked_for ? *error.retry_after : std::chrono::seconds(0)) +
                                  jitter(environment_.randomness, up_to);
    if (not_before >= deadline_) {
        return out_of_time(std::move(error));
    }
    if (reason == RetryReason::rate_limited) {
        quiet_until_ = std::max(quiet_until_, not_before);
    }
    order_->repeat(page, {repeats + 1, *reason, std::move(error), not_before});
    return std::nullopt;
}

void Scan::take_in_order() {
    while (phase_ == Phase::reading) {
        const std::optional<Result<Page>> page = order_->take_next();
        if (!page) {
            return;
        }
        if (!*page) {
            end_reading(page->error());
            return;
        }
        order_->note_size((*page)->bytes());
        if (environment_.clock.steady_now() >= deadline_) {
            // A poll ends at its deadline, even if the page was read in time.
            end_reading(Error{
                ErrorKind::timeout,
                fmt::format("page {}: the poll timed out before the page was counted", order_->turn() - 1)});
            return;
        }
        const Result<bool> is_last = reading_->add(**page, environment_.options.page_size);
        if (!is_last) {
            end_reading(is_last.error());
        } else if (*is_last) {
            end_reading(std::nullopt);
        } else if (order_->turn() >= environment_.options.max_pages) {
            end_reading(Error{
                .kind = ErrorKind::endless,
                .message = fmt::format("the listing has more than {} pages", environment_.options.max_pages),
                .costly = true});
        } else {
            order_->expect_up_to(
                std::min(reading_->expected_last_page(), environment_.options.max_pages - 1));
        }
    }
}

void Scan::add_progress(Error& error) const {
    const Listing so_far = reading_->listing();
    // Another scan would only repeat the pages read before the error.
    error.costly = error.costly || (error.kind == ErrorKind::bad_page && so_far.tokens > 0);
    // Requests are timed in whole milliseconds.
    const SteadyTime now = environment_.clock.steady_now() + std::chrono::milliseconds(1);
    if (error.kind != ErrorKind::timeout || now < deadline_ || reading_->pages() == 0) {
        return;
    }
    const std::string of_total = so_far.reported_tokens ? fmt::format(" of {}", *so_far.reported_tokens) : "";
    error.message +=
        fmt::format("; pages so far: {}, tokens: {}{}", reading_->pages(), so_far.tokens, of_total);
    if (reading_->pages() >= many_pages && now - last_page_at_ < silence) {
        error.costly = true;
        error.advice = advice_on_many_pages;
    }
}

void Scan::end_reading(std::optional<Error> error) {
    error_ = std::move(error);
    if (error_) {
        add_progress(*error_);
    }
    phase_ = Phase::draining;
    if (order_->under_way() == 0) {
        conclude_reading();
    }
}

void Scan::conclude_reading() {
    if (!error_) {
        earlier_ = reading_->listing();
        earlier_lacks_much_ = reading_->lacks_much();
        environment_.sink.finish();
        // `Date` has whole seconds: a reading that starts in the second in which the last one ended couldn't
        // tell tokens created before it from those created during it. Also, a reading's `began` precedes its
        // first `Date` by the duration of the first exchange, and must not fall within this reading.
        const SteadyTime now = environment_.clock.steady_now();
        again_at_ = now + rounding_of_date + first_exchange_;
        // If there is no time for another reading of this length, publish this one rather than lose it.
        const bool is_time_for_another = again_at_ + (now - reading_began_) < deadline_;
        if (reading_->worth_repeating(environment_.statistics.listing) &&
            readings_ < environment_.options.max_attempts && is_time_for_another) {
            phase_ = Phase::between_readings;
            return;
        }
    }
    // A contradictory earlier reading is better than none, unless the credentials have become invalid.
    const bool may_publish =
        earlier_ && !(good_is_shown_ && earlier_lacks_much_) && (!error_ || retry_reason(*error_));
    if (may_publish) {
        // Publishing may need the memory of the ids and of the pages beyond the end.
        reading_.reset();
        order_.reset();
        environment_.sink.publish(*earlier_);
        outcome_ = *earlier_;
    } else {
        outcome_ = tl::unexpected(error_ ? *error_ : reading_->shortage(readings_));
    }
}

void Scan::count(const Answer& answer) {
    const datadog::Exchange& exchange = answer.exchange;
    Statistics& statistics = environment_.statistics;
    ++statistics.requests[exchange.status];
    statistics.request_durations.observe(exchange.duration);
    statistics.response_bytes += exchange.body_bytes;
    const datadog::RateLimit& limit = exchange.rate_limit;
    if (limit.limit) {
        statistics.rate_limit = limit.limit;
    }
    if (limit.remaining) {
        statistics.rate_limit_remaining = limit.remaining;
    }
    if (limit.reset) {
        statistics.rate_limit_reset = environment_.clock.now() + *limit.reset;
    }
    const SteadyTime now = environment_.clock.steady_now();
    environment_.budget.note(limit, now);
    if (answer.page) {
        environment_.pace.answered(exchange.duration, now);
        ++statistics.last_pages;
        std::transform(answer.page->facts.unparsed.begin(), answer.page->facts.unparsed.end(),
                       statistics.unparsed.begin(), statistics.unparsed.begin(), std::plus<>());
    } else if (retry_reason(answer.page.error())) {
        environment_.pace.pushed_back(exchange.duration, now);
    }
}

}  // namespace exporter::scan
