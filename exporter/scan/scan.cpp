#include "scan/scan.h"

#include "scan/id_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace exporter::scan {

namespace {

using datadog::Error;
using datadog::ErrorKind;
using datadog::Page;
using datadog::Result;

/// The `Date` header tells whole seconds: a listing that starts in the second in which the last one ended
/// could not tell tokens created before it from those created while it was read.
constexpr std::chrono::seconds pause_before_another_attempt{1};

std::optional<RetryReason> retry_reason(ErrorKind kind) {
    switch (kind) {
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
            return std::nullopt;
    }
}

Error cancelled() {
    return {ErrorKind::cancelled, "the poll was cancelled", std::nullopt};
}

/// One reading of the listing from its first page to its end, and what it says about its own completeness.
class Attempt {
  public:
    Attempt(datadog::Timestamp now, ListingSink& sink) : sink_(sink) {
        listing_.as_of = now;
        listing_.began = now;
        sink_.begin(now);
    }

    /// Takes in the next page. True: it was the last.
    bool add(const Page& page, std::size_t page_size) {
        if (pages_++ == 0 && page.server_time) {
            listing_.began = *page.server_time;
        }
        note_total(page);
        const std::size_t known_before = ids_.size();
        for (const datadog::Token& token : page.tokens) {
            add(token);
        }
        const std::size_t fresh = ids_.size() - known_before;
        const std::size_t repeated = page.tokens.size() - fresh;
        unreadable_ += page.facts.elements - page.tokens.size();

        const bool nothing_new = fresh == 0 && (repeated > 0 || page.facts.elements == 0);
        const bool short_page = page.facts.elements < page_size;
        return nothing_new || (short_page && listing_.reported_tokens == ids_.size());
    }

    [[nodiscard]] Listing finish() const {
        Listing listing = listing_;
        listing.tokens = ids_.size();
        listing.complete = consistent() && matches_total(ids_.size());
        return listing;
    }

    /// Whether reading again may tell more: not when only unreadable tokens are missing from the total.
    [[nodiscard]] bool worth_repeating() const {
        return !consistent() || !matches_total(ids_.size() + unreadable_);
    }

  private:
    void add(const datadog::Token& token) {
        if (!ids_.insert(token.id)) {
            ++listing_.duplicates;
            return;
        }
        const auto& created = token.created_at.moment();
        created_meanwhile_ = created_meanwhile_ || (created && *created >= listing_.began);
        sink_.add(token);
    }

    void note_total(const Page& page) {
        const auto& total = page.facts.total_filtered_count;
        if (!total) {
            return;
        }
        total_changed_ = total_changed_ || (listing_.reported_tokens && listing_.reported_tokens != total);
        listing_.reported_tokens = total;
    }

    /// Nothing says that tokens came or went between the pages. Pages are sorted by creation, so a token that
    /// was created meanwhile is on the last one; where the total stayed the same all the same, another was
    /// revoked, and the one that slid over a page's edge by that was never seen. A single page is one
    /// moment's answer.
    [[nodiscard]] bool consistent() const { return !total_changed_ && (pages_ == 1 || !created_meanwhile_); }

    [[nodiscard]] bool matches_total(std::uint64_t tokens) const {
        return listing_.reported_tokens ? *listing_.reported_tokens == tokens : listing_.duplicates == 0;
    }

    ListingSink& sink_;
    Listing listing_;
    IdSet ids_;
    std::size_t pages_ = 0;
    std::size_t unreadable_ = 0;
    bool total_changed_ = false;
    bool created_meanwhile_ = false;
};

class Scan {
  public:
    Scan(const ScanOptions& options, const ScanEnvironment& environment, ListingSink& sink,
         Statistics& statistics, SteadyTime deadline, std::stop_token stop)
        : options_(options),
          environment_(environment),
          sink_(sink),
          statistics_(statistics),
          deadline_(deadline),
          stop_(std::move(stop)) {}

    Result<Listing> run() {
        if (auto ready = environment_.source.prepare(); !ready) {
            return tl::unexpected(std::move(ready).error());
        }
        const datadog::Timestamp now = environment_.clock.now();
        std::optional<Listing> finished;
        for (int number = 1;; ++number) {
            const SteadyTime start = environment_.clock.steady_now();
            Attempt attempt(now, sink_);
            if (auto read = read_all_pages(attempt); !read) {
                // An earlier reading that contradicts itself tells more than none, unless the credentials
                // have gone bad.
                if (finished && retry_reason(read.error().kind)) {
                    break;
                }
                return tl::unexpected(std::move(read).error());
            }
            finished = attempt.finish();
            sink_.finish();
            const bool again =
                attempt.worth_repeating() && number < options_.max_attempts && time_for_another(start);
            if (!again) {
                break;
            }
            if (!wait(pause_before_another_attempt)) {
                return tl::unexpected(cancelled());
            }
        }
        sink_.publish(*finished);
        return *finished;
    }

  private:
    Result<void> read_all_pages(Attempt& attempt) {
        for (std::size_t number = 0; number < options_.max_pages; ++number) {
            const Result<Page> page = fetch(number);
            if (!page) {
                Error error = page.error();
                error.message = fmt::format("page {}: {}", number, error.message);
                return tl::unexpected(std::move(error));
            }
            if (attempt.add(*page, options_.page_size)) {
                return {};
            }
        }
        return tl::unexpected(Error{
            ErrorKind::endless, fmt::format("the listing has more than {} pages", options_.max_pages), {}});
    }

    Result<Page> fetch(std::size_t number) {
        std::optional<RetryReason> retrying;
        std::optional<Error> last_error;
        for (int retry = 0;; ++retry) {
            if (stop_.stop_requested()) {
                return tl::unexpected(cancelled());
            }
            if (auto open = wait_for_budget(); !open) {
                return tl::unexpected(std::move(open).error());
            }
            if (retrying) {
                ++statistics_.retries[static_cast<std::size_t>(*retrying)];
            }
            datadog::Answer answer = environment_.source.page(number, deadline_);
            if (answer.exchange.made) {
                record(answer);
            } else if (last_error) {
                return tl::unexpected(out_of_time(*std::move(last_error)));
            }
            if (answer.page) {
                ++statistics_.last_pages;
                return std::move(answer.page);
            }
            Error error = std::move(answer.page).error();
            const auto reason = retry_reason(error.kind);
            if (!reason || error.definitive || retry >= options_.max_retries) {
                return tl::unexpected(std::move(error));
            }
            if (retries_left_-- <= 0) {
                error.message += fmt::format("; {} requests of this poll were repeated already",
                                             options_.max_retries_per_poll);
                return tl::unexpected(std::move(error));
            }
            const auto pause = pause_before_retry(error, retry);
            if (environment_.clock.steady_now() + pause >= deadline_) {
                return tl::unexpected(out_of_time(std::move(error)));
            }
            if (!wait(pause)) {
                return tl::unexpected(cancelled());
            }
            retrying = reason;
            last_error = std::move(error);
        }
    }

    /// What went wrong last is what a person needs to know, not that the time was up.
    static Error out_of_time(Error error) {
        error.message += "; no time is left to try again";
        return error;
    }

    /// Waits for the reset while only the others' share of the rate limit is left.
    Result<void> wait_for_budget() {
        const SteadyTime now = environment_.clock.steady_now();
        const auto opens = environment_.budget.closed_until(now);
        if (!opens) {
            return {};
        }
        const auto pause = std::chrono::ceil<std::chrono::milliseconds>(*opens - now) + reset_jitter();
        if (now + pause >= deadline_) {
            return tl::unexpected(
                Error{ErrorKind::rate_limited,
                      fmt::format("only the share of the rate limit that is left to others remains "
                                  "(--poll.rate-limit-reserve), "
                                  "and its reset in {} s is too late for this poll",
                                  std::chrono::ceil<std::chrono::seconds>(*opens - now).count()),
                      std::chrono::ceil<std::chrono::seconds>(*opens - now)});
        }
        return wait(pause) ? Result<void>{} : tl::unexpected(cancelled());
    }

    /// So that not all clients return in the same moment.
    std::chrono::milliseconds reset_jitter() {
        return std::chrono::milliseconds(static_cast<int>(1000 * environment_.randomness.next()));
    }

    /// What the server asked for and up to a second more; otherwise exponential back-off with full jitter.
    std::chrono::milliseconds pause_before_retry(const Error& error, int retry) {
        if (error.retry_after && *error.retry_after > std::chrono::seconds(0)) {
            return *error.retry_after + reset_jitter();
        }
        const double ceiling =
            static_cast<double>(options_.backoff.count()) * static_cast<double>(1 << retry);
        return std::chrono::milliseconds(static_cast<std::int64_t>(ceiling * environment_.randomness.next()));
    }

    void record(const datadog::Answer& answer) {
        const datadog::Exchange& exchange = answer.exchange;
        ++statistics_.requests[exchange.status];
        statistics_.request_durations.observe(exchange.duration);
        statistics_.response_bytes += exchange.body_bytes;
        const datadog::RateLimit& limit = exchange.rate_limit;
        environment_.budget.note(limit, environment_.clock.steady_now());
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
            std::transform(answer.page->facts.unparsed.begin(), answer.page->facts.unparsed.end(),
                           statistics_.unparsed.begin(), statistics_.unparsed.begin(), std::plus<>());
        }
    }

    /// Whether another reading as long as the one since `start` would be over in time. If not, what there is
    /// is published as incomplete rather than lost.
    bool time_for_another(SteadyTime start) {
        const SteadyTime now = environment_.clock.steady_now();
        return now + pause_before_another_attempt + (now - start) < deadline_;
    }

    bool wait(std::chrono::milliseconds pause) {
        return environment_.clock.wait_until(environment_.clock.steady_now() + pause, stop_);
    }

    const ScanOptions& options_;
    const ScanEnvironment& environment_;
    ListingSink& sink_;
    Statistics& statistics_;
    const SteadyTime deadline_;
    const std::stop_token stop_;
    int retries_left_ = options_.max_retries_per_poll;
};

}  // namespace

Result<Listing> scan(const ScanOptions& options, const ScanEnvironment& environment, ListingSink& sink,
                     Statistics& statistics, SteadyTime deadline, std::stop_token stop) {
    return Scan(options, environment, sink, statistics, deadline, std::move(stop)).run();
}

}  // namespace exporter::scan
