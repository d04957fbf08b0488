// scan/: what a *whole listing* is, and when it is read. Pages and errors of one organization come in through
// `PageSource`; tokens go out to a `ListingSink`, each once, and a `Listing` that says whether they are all.
// Pagination, retries, rate limit, completeness and the schedule are decided here; what a token means is not.
// A scan and a poller never wait: they say what is to be done next (`Next`), and whoever drives them makes
// the requests and waits. So a test is the network and the clock.
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

/// A page is to be fetched (see `fetch`), and the answer handed to `answered`. Several may be under way at
/// once, but the first of a poll goes alone.
struct Fetch {
    std::size_t page;
    SteadyTime deadline;  ///< of the whole exchange
    bool begins_poll = false;
};

/// What is to be done, or until when there is nothing to do, unless an answer comes first. With
/// `SteadyTime::max()` only an answer changes anything.
using Next = std::variant<Fetch, SteadyTime>;

/// One organization's listing, page by page.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// Called once at the start of each poll, while no page is being fetched: reads the credentials again.
    [[nodiscard]] virtual datadog::Result<void> prepare() = 0;

    /// Fetches one page. The whole exchange is over by `deadline`. Several threads may fetch at once.
    [[nodiscard]] virtual datadog::Answer page(std::size_t number, SteadyTime deadline) = 0;
};

/// Does what `wanted` says. An exception of the source is an answer of its own (`internal`).
[[nodiscard]] datadog::Answer fetch(PageSource& source, const Fetch& wanted);

struct ScanOptions {
    std::size_t page_size = 100;  ///< what the source asks for; a shorter page may be the last
    /// How many requests may be under way at once, from the third page on.
    std::size_t concurrency = 1;
    /// How often a listing whose pages contradict each other is read before it is published as incomplete.
    int max_attempts = 3;
    /// How often one request is repeated, as Datadog's official clients do.
    int max_retries = 3;
    /// How many requests of one poll are repeated in all.
    int max_retries_per_poll = 30;
    /// First back-off after a broken connection or a 5xx; doubles each time, with full jitter.
    std::chrono::milliseconds backoff = std::chrono::seconds(2);
    /// A listing of more unique tokens fails (`endless`).
    std::size_t max_tokens = 200'000;
    /// A listing without end that brings few tokens a page fails here.
    std::size_t max_pages = 100'000;
};

/// What scans of one organization share and need from outside.
struct ScanEnvironment {
    const ScanOptions& options;
    Clock& clock;
    const Randomness& randomness;
    RateBudget& budget;
    Pace& pace;
    ListingSink& sink;
    Statistics& statistics;  ///< requests, retries, pages, rate limit and unparsed fields, as they happen
};

/// Reads one whole listing into a sink and publishes it there.
///
/// A listing that contradicts itself is read again: its total changes between pages or differs from the
/// unique ids at the end, or it holds a token created after it began (one may have been revoked in the same
/// gap, unseen by the total). After the last attempt it is published as incomplete, so that a total that
/// never agrees does not hide the numbers for good. But where it lacks more than a tenth of the total, and a
/// listing is shown that does not, that one stays until it is stale, and the scan has failed: alerts are not
/// to end because a listing broke off.
///
/// The first two pages go alone; then pages are fetched side by side, as many as pace and rate limit allow,
/// and taken in one after another.
class Scan {
  public:
    /// @param environment must outlive the scan
    /// @param deadline when the scan gives up; every request and every wait ends by then
    Scan(const ScanEnvironment& environment, SteadyTime deadline, bool good_is_shown);

    /// What is to be done. To be asked again until that is nothing, and after each answer.
    [[nodiscard]] Next next();
    void answered(std::size_t page, datadog::Answer answer);

    /// The listing that was published, or why there is none; then `ListingSink::publish` was not called.
    /// nullopt: the scan is not over.
    [[nodiscard]] const std::optional<datadog::Result<Listing>>& outcome() const { return outcome_; }

  private:
    enum class Phase { between_readings, reading, draining };

    [[nodiscard]] Next next_request();
    [[nodiscard]] Next wait_for_budget(SteadyTime now);
    void count(const datadog::Answer& answer);
    /// nullopt: the page will be asked for again.
    [[nodiscard]] std::optional<datadog::Result<datadog::Page>> outcome_of(std::size_t page,
                                                                           datadog::Answer answer,
                                                                           std::optional<Repeat> repeat);
    /// The error where it is final.
    [[nodiscard]] std::optional<datadog::Error> repeat_later(std::size_t page, datadog::Error error,
                                                             int repeats);
    void take_in_order();
    /// How far the reading came, where that makes a difference.
    void add_progress(datadog::Error& error) const;
    void end_reading(std::optional<datadog::Error> error);
    void conclude_reading();

    const ScanEnvironment& environment_;
    const SteadyTime deadline_;
    const bool good_is_shown_;

    Phase phase_ = Phase::between_readings;
    SteadyTime again_at_ = SteadyTime::min();
    const base::Timestamp now_;  ///< of the listing, however often it is read
    bool prepared_ = false;
    int readings_ = 0;
    int repeats_left_ = 0;
    std::optional<Listing> earlier_;  ///< the last reading that came to its end
    bool earlier_lacks_much_ = false;

    // Of the reading under way:
    std::optional<Reading> reading_;
    std::optional<PageOrder> order_;
    SteadyTime reading_began_;
    SteadyTime::duration first_exchange_{0};      ///< how long the reading's first page took to come
    SteadyTime last_page_at_;                     ///< when the last one came, in whatever order
    SteadyTime quiet_until_ = SteadyTime::min();  ///< no request before, as the API asks
    std::optional<datadog::Error> error_;         ///< what ended the reading; nullopt: its end was found

    std::optional<datadog::Result<Listing>> outcome_;
};

}  // namespace exporter::scan
