// scan/: reads a *whole listing*, and decides when to read it. Pages and errors of one organization come in
// through `PageSource`; tokens go out to a `ListingSink`, each once, followed by a `Listing` that says
// whether they are complete. Pagination, retries, rate limit, completeness and the schedule are decided here;
// what a token means is not. Scans and pollers never block: they return what to do next (`Next`), and the
// caller makes the requests and waits. A test can therefore replace the network and the clock.
#pragma once

#include "datadog/error.h"
#include "scan/clock.h"
#include "scan/rate_limit.h"
#include "scan/reading.h"
#include "scan/statistics.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <variant>

namespace exporter::scan {

/// A page to fetch (see `fetch`); pass the answer to `answered`. Several may be in flight at once; only the
/// first of a poll is fetched on its own.
struct Fetch {
    std::size_t page;
    SteadyTime deadline;  ///< for the whole exchange
    bool begins_poll = false;
};

/// What to do, or until when there is nothing to do unless an answer arrives first. With `SteadyTime::max()`,
/// only an answer changes anything.
using Next = std::variant<Fetch, SteadyTime>;

/// One organization's listing, page by page.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// Called once at the start of each poll, while no page is being fetched: reads the credentials again.
    [[nodiscard]] virtual datadog::Result<void> prepare() = 0;

    /// Fetches one page. The whole exchange ends by `deadline`. Several threads may fetch at once.
    [[nodiscard]] virtual datadog::Answer page(std::size_t number, SteadyTime deadline) = 0;
};

/// Does what `wanted` says. An exception from the source becomes an answer (`internal`).
[[nodiscard]] datadog::Answer fetch(PageSource& source, const Fetch& wanted);

struct ScanOptions {
    std::size_t page_size = 100;  ///< what the source asks for; a shorter page may be the last
    /// Maximum number of requests in flight, from the third page on.
    std::size_t concurrency = 1;
    /// How often to read a listing whose pages contradict each other before publishing it as incomplete.
    int max_attempts = 3;
    /// How often to retry one request; the default is that of Datadog's official clients.
    int max_retries = 3;
    /// Maximum number of retries in one poll, over all requests.
    int max_retries_per_poll = 30;
    /// First back-off after a broken connection or a 5xx; doubles each time, with full jitter.
    std::chrono::milliseconds backoff = std::chrono::seconds(2);
    /// A listing with more unique tokens fails (`endless`).
    std::size_t max_tokens = 200'000;
    /// Ends an endless listing that brings few tokens per page.
    std::size_t max_pages = 100'000;
};

/// What the scans of one organization share and need from outside.
struct ScanEnvironment {
    const ScanOptions& options;
    Clock& clock;
    const Randomness& randomness;
    RateBudget& budget;
    Pace& pace;
    ListingSink& sink;
    Statistics& statistics;  ///< requests, retries, pages, rate limit, unparsed fields; updated live
};

/// Reads one whole listing into a sink and publishes it there.
///
/// A listing that contradicts itself is read again: its total changes between pages or differs from the
/// unique ids at the end, or it holds a token created after it began (another may have been revoked in the
/// same gap, unseen by the total). After the last attempt, it is published as incomplete, so that a total
/// that never agrees doesn't hide the numbers for good. The exception is a listing that lacks more than a
/// tenth of the total while one that doesn't is shown: the one shown stays until it is stale, and the scan
/// has failed, so that alerts don't resolve because a listing broke off.
///
/// The first two pages are fetched one at a time; later ones are fetched concurrently, as many as pace and
/// rate limit allow, and processed in order.
class Scan {
  public:
    /// @param environment must outlive the scan
    /// @param deadline when the scan gives up; every request and every wait ends by then
    Scan(const ScanEnvironment& environment, SteadyTime deadline, bool good_is_shown);

    /// What to do next. Call it again until there is nothing to do, and after each answer.
    [[nodiscard]] Next next();
    void answered(std::size_t page, datadog::Answer answer);

    /// The published listing, or why there is none (`ListingSink::publish` was not called). nullopt: the scan
    /// is not over.
    [[nodiscard]] const std::optional<datadog::Result<Listing>>& outcome() const { return outcome_; }

  private:
    enum class Phase { between_readings, reading, draining };

    [[nodiscard]] Next next_request();
    [[nodiscard]] Next wait_for_budget(SteadyTime now);
    void count(const datadog::Answer& answer);
    /// nullopt: the page will be retried.
    [[nodiscard]] std::optional<datadog::Result<datadog::Page>> outcome_of(std::size_t page,
                                                                           datadog::Answer answer,
                                                                           std::optional<Repeat> repeat);
    /// The error, if it is final.
    [[nodiscard]] std::optional<datadog::Error> repeat_later(std::size_t page, datadog::Error error,
                                                             int repeats);
    void take_in_order();
    /// Adds how far the reading came, if that is useful.
    void add_progress(datadog::Error& error) const;
    void end_reading(std::optional<datadog::Error> error);
    void conclude_reading();

    const ScanEnvironment& environment_;
    const SteadyTime deadline_;
    const bool good_is_shown_;

    Phase phase_ = Phase::between_readings;
    SteadyTime again_at_ = SteadyTime::min();
    const base::Timestamp now_;  ///< the listing's timestamp, in all its readings
    bool prepared_ = false;
    int readings_ = 0;
    int repeats_left_ = 0;
    std::optional<Listing> earlier_;  ///< the last reading that reached its end
    bool earlier_lacks_much_ = false;

    // State of the current reading:
    std::optional<Reading> reading_;
    std::optional<PageOrder> order_;
    SteadyTime reading_began_;
    SteadyTime::duration first_exchange_{0};      ///< how long the reading's first page took
    SteadyTime last_page_at_;                     ///< arrival of the most recent page, in any order
    SteadyTime quiet_until_ = SteadyTime::min();  ///< no request before this time, as the API asked
    std::optional<datadog::Error> error_;         ///< what ended the reading; nullopt: it reached its end

    std::optional<datadog::Result<Listing>> outcome_;
};

}  // namespace exporter::scan
