// scan/: what a *whole listing* is. Pagination, retry, rate limit, de-duplication and completeness; the poll
// schedule. Knows the network and the clock only through small interfaces.
#pragma once

#include "datadog/error.h"
#include "scan/clock.h"
#include "scan/listing.h"
#include "scan/page_source.h"
#include "scan/rate_budget.h"
#include "scan/statistics.h"

#include <chrono>
#include <cstddef>
#include <stop_token>

namespace exporter::scan {

struct ScanOptions {
    std::size_t page_size = 100;  ///< what the source asks for; shorter pages are a hint that the end is near
    /// How often a listing whose pages contradict each other is read before it is published as incomplete.
    int max_attempts = 3;
    /// How often one request is repeated, as Datadog's official clients do.
    int max_retries = 3;
    /// How many requests of one poll are repeated in all: an API that fails every few pages is better left
    /// alone.
    int max_retries_per_poll = 30;
    /// First back-off after a broken connection or a 5xx; doubles each time, with full jitter.
    std::chrono::milliseconds backoff = std::chrono::seconds(2);
    /// A listing without end fails here: ten million tokens at a hundred a page.
    std::size_t max_pages = 100'000;
};

/// What scan needs from outside.
struct ScanEnvironment {
    PageSource& source;
    Clock& clock;
    Randomness& randomness;
    RateBudget& budget;
};

/// Reads one whole listing into `sink` and publishes it there.
///
/// The end is proven by an empty page, by a page without a new id, or by a short page where the number of
/// unique ids equals the reported total. A listing whose total changes between pages, differs from the unique
/// ids at the end, or that holds a token created after it began (one may have been revoked in the same gap,
/// unseen by the total) is read again.
///
/// @param deadline when the scan gives up; every request and every wait ends by then
/// @param statistics requests, retries, pages, rate limit and unparsed fields are counted here as they happen
/// @return the listing that was published, or why there is none; then `sink.publish` was not called
[[nodiscard]] datadog::Result<Listing> scan(const ScanOptions& options, const ScanEnvironment& environment,
                                            ListingSink& sink, Statistics& statistics, SteadyTime deadline,
                                            std::stop_token stop);

}  // namespace exporter::scan
