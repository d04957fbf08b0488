#include "scan/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Error;
using datadog::ErrorKind;
using datadog::Page;
using datadog::Result;

/// Pages that may wait for their turn, for each request under way: one that is late does not at once hold up
/// the others.
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
        case ErrorKind::too_large:
            // The connection was given up for want of memory, which may be there again in a moment.
            return error.no_room ? std::optional(RetryReason::network) : std::nullopt;
        default:
            return std::nullopt;
    }
}

/// Where pages came one after another to the end of the poll's time: nothing was slow.
constexpr std::string_view advice_on_many_pages =
    "page after page came until the poll's time was over: if the organization really has that many tokens, "
    "raise --poll.timeout or --poll.concurrency; otherwise the listing has no end: look at proxies on the "
    "way";

Error costly(ErrorKind kind, std::string message) {
    Error error{kind, std::move(message), std::nullopt};
    error.costly = true;
    return error;
}

Error short_of(const Listing& listing, int readings) {
    return costly(
        ErrorKind::short_listing,
        fmt::format("{} tokens were listed of the {} that there are said to be, at the last of {} readings",
                    listing.tokens, listing.reported_tokens.value_or(0), readings));
}

/// At the last page of a reading no row can be read.
Error unreadable(const Reading& reading) {
    return rows_unreadable(reading.pages() - 1, reading.unreadable_last_page(), reading.tokens());
}

/// Pages that were read in time are not taken in after it: what a poll may do ends at its deadline.
Error too_late(std::size_t page) {
    return {ErrorKind::timeout, fmt::format("page {}: the poll's time was over before it was counted", page),
            std::nullopt};
}

/// What went wrong last is what a person needs to know, not that the time was up.
Error out_of_time(Error error) {
    error.message += "; no time is left to try again";
    return error;
}

}  // namespace

Scan::Scan(const ScanOptions& options, const ScanEnvironment& environment, ListingSink& sink,
           Statistics& statistics, SteadyTime deadline, bool good_is_shown)
    : options_(options),
      environment_(environment),
      sink_(sink),
      statistics_(statistics),
      deadline_(deadline),
      good_is_shown_(good_is_shown),
      repeats_left_(options.max_retries_per_poll) {}

Next Scan::next() {
    if (phase_ == Phase::between_readings && environment_.clock.steady_now() >= again_at_) {
        begin_reading();
    }
    switch (phase_) {
        case Phase::start:
            phase_ = Phase::preparing;
            return Prepare{};
        case Phase::reading:
            return next_request();
        case Phase::between_readings:
            return Pause{again_at_};
        default:
            return until_answered;
    }
}

void Scan::prepared(Result<void> outcome) {
    if (!outcome) {
        finish(tl::unexpected(std::move(outcome).error()));
        return;
    }
    now_ = environment_.clock.now();
    environment_.pace.begin();
    begin_reading();
}

void Scan::begin_reading() {
    phase_ = Phase::reading;
    ++readings_;
    reading_began_ = environment_.clock.steady_now();
    reading_.emplace(now_, sink_, options_.max_tokens);
    order_.emplace(pages_ahead * options_.concurrency);
}

Next Scan::next_request() {
    const SteadyTime now = environment_.clock.steady_now();
    if (now < quiet_until_) {
        return Pause{quiet_until_};
    }
    const auto due = std::find_if(repeats_.begin(), repeats_.end(),
                                  [now](const auto& repeat) { return repeat.second.not_before <= now; });
    const bool place_for_fresh = under_way_.size() + repeats_.size() < environment_.pace.limit();
    if (due == repeats_.end() && !(place_for_fresh && order_->has_fresh())) {
        const auto soonest =
            std::min_element(repeats_.begin(), repeats_.end(), [](const auto& left, const auto& right) {
                return left.second.not_before < right.second.not_before;
            });
        return soonest == repeats_.end() ? until_answered : Pause{soonest->second.not_before};
    }
    if (!environment_.budget.has_room(under_way_.size(), now)) {
        return under_way_.empty() ? wait_for_budget(now) : until_answered;
    }
    budget_opens_.reset();
    if (due == repeats_.end()) {
        return ask_for(*order_->take_fresh(), std::nullopt);
    }
    auto repeat = repeats_.extract(due);
    return ask_for(repeat.key(), std::move(repeat.mapped()));
}

Pause Scan::wait_for_budget(SteadyTime now) {
    const SteadyTime reset = environment_.budget.opens();
    if (!budget_opens_) {
        // A little more than asked for, so that not all clients return in the same moment.
        const auto up_to_a_second = environment_.randomness.below(std::chrono::seconds(1));
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(reset - now);
        constexpr int part_of_wait = 20;
        budget_opens_ = now + wait + std::min(up_to_a_second, wait / part_of_wait);
    }
    if (*budget_opens_ < deadline_) {
        return Pause{*budget_opens_};
    }
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(reset - now);
    end_reading(
        Error{ErrorKind::rate_limited,
              fmt::format("page {}: only the share of the rate limit that is left to others remains "
                          "(--poll.rate-limit-reserve), and its reset in {} s is too late for this poll",
                          order_->turn(), seconds.count()),
              seconds});
    return Pause{now};
}

Fetch Scan::ask_for(std::size_t page, std::optional<Repeat> repeat) {
    if (repeat) {
        ++statistics_.retries[static_cast<std::size_t>(repeat->reason)];
    }
    under_way_.emplace(page, std::move(repeat));
    return {page, deadline_};
}

void Scan::answered(std::size_t page, datadog::Answer answer) {
    auto asked = under_way_.extract(page);
    if (asked.empty()) {
        return;
    }
    if (answer.page) {
        distrust_later_dates(*answer.page, environment_.clock.now());
    }
    if (answer.exchange.made) {
        count(answer);
        keep_pace(answer);
    }
    if (phase_ == Phase::reading) {
        if (auto outcome = outcome_of(page, std::move(answer), std::move(asked.mapped()))) {
            order_->arrived(page, *std::move(outcome));
            take_in_order();
        }
    } else if (phase_ == Phase::draining && under_way_.empty()) {
        conclude_reading();
    }
}

std::optional<Result<Page>> Scan::outcome_of(std::size_t page, datadog::Answer answer,
                                             std::optional<Repeat> repeat) {
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
            order_->put_off(page);
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
    error->message = fmt::format("page {}: {}", page, error->message);
    return tl::unexpected(*std::move(error));
}

std::optional<Error> Scan::repeat_later(std::size_t page, Error error, int repeats) {
    const auto reason = retry_reason(error);
    if (!reason || error.definitive || repeats >= options_.max_retries) {
        return error;
    }
    if (repeats_left_-- <= 0) {
        error.message +=
            fmt::format("; {} requests of this poll were repeated already", options_.max_retries_per_poll);
        return error;
    }
    const SteadyTime not_before = environment_.clock.steady_now() + pause_before_repeat(error, repeats);
    if (not_before >= deadline_) {
        return out_of_time(std::move(error));
    }
    if (reason == RetryReason::rate_limited) {
        quiet_until_ = std::max(quiet_until_, not_before);
    }
    repeats_.emplace(page, Repeat{repeats + 1, *reason, std::move(error), not_before});
    return std::nullopt;
}

/// What the server asked for and up to a second more; otherwise exponential back-off with full jitter.
std::chrono::milliseconds Scan::pause_before_repeat(const Error& error, int repeats) {
    if (error.retry_after && *error.retry_after > std::chrono::seconds(0)) {
        return *error.retry_after + environment_.randomness.below(std::chrono::seconds(1));
    }
    return environment_.randomness.below(options_.backoff * (1 << repeats));
}

void Scan::take_in_order() {
    while (phase_ == Phase::reading) {
        const std::optional<Result<Page>> page = order_->take_next();
        if (!page) {
            return;
        }
        if (*page) {
            order_->note_size((*page)->bytes());
        }
        if (!*page) {
            Error error = with_progress(page->error());
            // What was readable before it would be read again in vain.
            error.costly = error.costly || (error.kind == ErrorKind::bad_page && reading_->tokens() > 0);
            end_reading(std::move(error));
        } else if (environment_.clock.steady_now() >= deadline_) {
            end_reading(with_progress(too_late(order_->turn() - 1)));
        } else if (reading_->add(**page, options_.page_size)) {
            const bool no_row_readable = reading_->tokens() == 0 && reading_->unreadable_last_page() > 0;
            end_reading(no_row_readable ? std::optional(unreadable(*reading_)) : std::nullopt);
        } else if (!reading_->excess().empty()) {
            end_reading(costly(ErrorKind::endless, fmt::format("the listing has {}", reading_->excess())));
        } else if (order_->turn() >= options_.max_pages) {
            end_reading(costly(ErrorKind::endless,
                               fmt::format("the listing has more than {} pages", options_.max_pages)));
        } else {
            order_->expect_up_to(std::min(reading_->expected_last_page(), options_.max_pages - 1));
        }
    }
}

/// Where the poll's time is over: how far the reading came by then.
Error Scan::with_progress(Error error) const {
    // Times of requests are whole milliseconds.
    const SteadyTime now = environment_.clock.steady_now() + std::chrono::milliseconds(1);
    if (error.kind != ErrorKind::timeout || now < deadline_ || reading_->pages() == 0) {
        return error;
    }
    const std::string of_total = reading_->total() ? fmt::format(" of {}", *reading_->total()) : "";
    error.message +=
        fmt::format("; pages by then: {}, tokens: {}{}", reading_->pages(), reading_->tokens(), of_total);
    if (reading_->pages() >= options_.many_pages && now - last_page_at_ < options_.slow_answer) {
        error.costly = true;
        error.advice = advice_on_many_pages;
    }
    return error;
}

void Scan::end_reading(std::optional<Error> error) {
    error_ = std::move(error);
    repeats_.clear();
    phase_ = Phase::draining;
    if (under_way_.empty()) {
        conclude_reading();
    }
}

void Scan::conclude_reading() {
    if (error_) {
        // An earlier reading that contradicts itself tells more than none, unless the credentials have gone
        // bad.
        const bool earlier_counts = earlier_ && retry_reason(*error_) && may_publish();
        finish(earlier_counts ? Result<Listing>(*earlier_) : tl::unexpected(*std::move(error_)));
        return;
    }
    earlier_ = reading_->finish();
    earlier_lacks_much_ = reading_->lacks_much();
    sink_.finish();
    if (reading_->worth_repeating(statistics_.listing) && readings_ < options_.max_attempts &&
        is_time_for_another()) {
        again_at_ = environment_.clock.steady_now() + pause_before_another_reading();
        phase_ = Phase::between_readings;
    } else if (may_publish()) {
        finish(*earlier_);
    } else {
        finish(
            tl::unexpected(reading_->broke_off() ? unreadable(*reading_) : short_of(*earlier_, readings_)));
    }
}

bool Scan::may_publish() const {
    return !(good_is_shown_ && earlier_lacks_much_);
}

void Scan::finish(Result<Listing> listing) {
    reading_.reset();
    order_.reset();
    if (listing) {
        sink_.publish(*listing);
    }
    outcome_ = std::move(listing);
}

/// A listing that starts in the second in which the last one ended could not tell tokens created before it
/// from those created while it was read. And it counts as begun by as much earlier as its first exchange
/// takes: the next one is not to reach back into this one.
SteadyTime::duration Scan::pause_before_another_reading() const {
    return rounding_of_date + first_exchange_;
}

/// Whether another reading as long as this one would be over in time. If not, what there is is published as
/// incomplete rather than lost.
bool Scan::is_time_for_another() const {
    const SteadyTime now = environment_.clock.steady_now();
    return now + pause_before_another_reading() + (now - reading_began_) < deadline_;
}

void Scan::count(const datadog::Answer& answer) {
    const datadog::Exchange& exchange = answer.exchange;
    ++statistics_.requests[exchange.status];
    statistics_.request_durations.observe(exchange.duration);
    statistics_.response_bytes += exchange.body_bytes;
    const datadog::RateLimit& limit = exchange.rate_limit;
    if (limit.limit) {
        statistics_.rate_limit = limit.limit;
    }
    if (limit.remaining) {
        statistics_.rate_limit_remaining = limit.remaining;
    }
    if (limit.reset) {
        statistics_.rate_limit_reset = environment_.clock.now() + *limit.reset;
    }
    if (answer.page) {
        ++statistics_.last_pages;
        std::transform(answer.page->facts.unparsed.begin(), answer.page->facts.unparsed.end(),
                       statistics_.unparsed.begin(), statistics_.unparsed.begin(), std::plus<>());
    }
}

void Scan::keep_pace(const datadog::Answer& answer) {
    const SteadyTime now = environment_.clock.steady_now();
    environment_.budget.note(answer.exchange.rate_limit, now);
    if (answer.page) {
        environment_.pace.answered(answer.exchange.duration, now);
    } else if (retry_reason(answer.page.error())) {
        environment_.pace.pushed_back(answer.exchange.duration, now);
    }
}

}  // namespace exporter::scan
