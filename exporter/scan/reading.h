// One reading of a listing from its first page to its last: which page to request and process next, and
// whether the reading is complete.
#pragma once

#include "base/text_hash.h"
#include "datadog/error.h"
#include "datadog/page.h"
#include "scan/clock.h"
#include "scan/statistics.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace exporter::scan {

/// Receives the readings of a listing. A scan calls `begin`, then `add` for each unique token, then `finish`,
/// and repeats this if the reading contradicts itself. At the end it calls `publish`, or nothing if it
/// failed.
class ListingSink {
  public:
    virtual ~ListingSink() = default;
    /// A reading starts: discards what `add` received since the last `finish`.
    virtual void begin(base::Timestamp now) = 0;
    /// A token that is new in this listing. Its texts are valid until the call returns.
    ///
    /// @return false: the listing has more distinct scopes than the sink counts, and the reading has failed
    [[nodiscard]] virtual bool add(const datadog::Token& token) = 0;
    /// The reading is complete. It replaces the previous finished one.
    virtual void finish() = 0;
    /// Publishes the last finished reading as the listing.
    virtual void publish(const Listing& listing) = 0;
};

/// A failed request that will be retried.
struct Repeat {
    int number;  ///< 1: the first retry
    RetryReason reason;
    datadog::Error error;
    SteadyTime not_before;
};

/// The pages of a reading: which to request next, and which to process next. Pages are processed in the
/// listing's order, whatever the order of their arrival. A page that waits for its retry keeps its place.
class PageOrder {
  public:
    /// @param window how many pages beyond the next one to process may be requested; bounds the memory of
    /// pages that wait for their turn
    explicit PageOrder(std::size_t window) : window_(window) {}

    /// Records a page's size in memory. Only as many pages of this size as fit into `most_bytes_ahead` are
    /// then requested ahead.
    void note_size(std::size_t bytes);
    static constexpr std::size_t most_bytes_ahead = std::size_t{4} << 20;

    /// The listing is known to have pages up to this one. Pages beyond it are requested one by one, and so
    /// are the first two.
    void expect_up_to(std::size_t last) { last_ = last; }

    /// The page to request next: one whose pause before a retry is over, otherwise a new one, unless `most`
    /// requests are unanswered or waiting for a retry. The error, if no page can be requested yet, is when
    /// the first pause ends; `SteadyTime::max()` if no page is pausing.
    [[nodiscard]] tl::expected<std::size_t, SteadyTime> wanted(SteadyTime now, std::size_t most) const;

    /// Marks the page as in flight. Returns why it is retried; null: it is not a retry.
    const Repeat* ask(std::size_t page);
    [[nodiscard]] std::size_t under_way() const;

    /// A page is no longer in flight. Returns why it had been retried; nullopt: it was not a retry. Until
    /// `repeat` or `arrived` follows, the page counts as never requested.
    std::optional<Repeat> answered(std::size_t page);
    void repeat(std::size_t page, Repeat repeat);
    /// The outcome of a requested page. An error, or a page without a token, will end the listing, so no page
    /// beyond it is requested.
    void arrived(std::size_t page, datadog::Result<datadog::Page> outcome);

    /// Memory is exhausted: drops the pages that wait, to be requested again, and requests one page at a time
    /// from then on. Otherwise the waiting pages could take the memory that the next one needs.
    void go_one_by_one();

    /// The next page in order, returned once; nullopt until it arrives.
    [[nodiscard]] std::optional<datadog::Result<datadog::Page>> take_next();
    /// The number of the next page to process.
    [[nodiscard]] std::size_t turn() const { return turn_; }

  private:
    /// In flight, waiting for its retry, or (with an outcome) for its turn.
    struct Asked {
        bool under_way = false;
        std::optional<Repeat> repeat;
        std::optional<datadog::Result<datadog::Page>> outcome;
    };

    std::size_t window_;
    std::size_t turn_ = 0;
    std::size_t last_ = 0;
    std::map<std::size_t, Asked> asked_;  ///< by page, from `turn_` on
};

/// How far the `Date` header, in whole seconds, can be behind the actual time.
inline constexpr std::chrono::seconds rounding_of_date{1};

/// Marks dates later than the answer itself (plus a margin for clock skew) as unreadable, and counts them as
/// such. Call it once for each page, before anything reads its tokens. Otherwise a wrong date could make a
/// listing look as if it had changed during the reading, or lead to negative ages.
///
/// @param now by our own clock. Without `Date`, dates may be up to a day ahead of it: if our clock is behind,
/// a token really created during the reading must not count as a mistake. A `Date` more than a day before
/// `now` is replaced by a day before `now`
void distrust_later_dates(datadog::Page& page, base::Timestamp now);

/// `bad_page`: none of the `rows` of page `page` can be read.
///
/// @param before number of tokens on earlier pages; above zero, the error is costly
[[nodiscard]] datadog::Error rows_unreadable(std::size_t page, std::size_t rows, std::size_t before);

/// Processes the pages in the listing's order.
///
/// A page without a new id, readable or not, is the last, so a reading makes progress or ends whatever the
/// server answers. A short page is also the last if the unique ids add up to the reported total. If no row of
/// a page can be read, these rows may be the rest of the listing, judged by its total or, without one,
/// because they are fewer than a full page. Otherwise the reading broke off there, and what follows is
/// unknown.
class Reading {
  public:
    /// @param sink gets `begin` at once, then each unique token; must outlive the reading
    /// @param max_tokens maximum number of unique tokens in the listing
    Reading(base::Timestamp now, ListingSink& sink, std::size_t max_tokens);

    /// Processes the next page. True: it was the last. The error: the listing exceeds a limit, or none of its
    /// rows can be read (which does not mean an organization without tokens).
    ///
    /// @param page_size the size requested from the source
    [[nodiscard]] datadog::Result<bool> add(const datadog::Page& page, std::size_t page_size);

    /// The number of the last page, calculated from the reported total and the first page's size; 0 if these
    /// are unknown. Includes a page that only proves the end.
    [[nodiscard]] std::size_t expected_last_page() const;

    /// Pages processed.
    [[nodiscard]] std::size_t pages() const { return pages_; }
    /// From the pages processed so far; `complete` is valid only after the last.
    [[nodiscard]] Listing listing() const;

    /// Whether another reading could be more complete. Not if this one ended at a page without a readable
    /// row, because the same page would come again. Not if the listing didn't change meanwhile and either
    /// only unreadable tokens are missing from the total or the total is off by the same number as at the
    /// last poll.
    ///
    /// @param last the last published listing
    [[nodiscard]] bool worth_repeating(const std::optional<Listing>& last) const;

    /// Whether Datadog left out much of what it reports. Unreadable tokens don't count as left out.
    /// Everything after the page at which the reading broke off does; without a total, that may be any
    /// number.
    [[nodiscard]] bool lacks_much() const;
    /// The error for a listing that lacks much after `readings` readings.
    [[nodiscard]] datadog::Error shortage(int readings) const;

  private:
    [[nodiscard]] datadog::Result<void> add(const datadog::Token& token);
    [[nodiscard]] bool broke_off() const;
    [[nodiscard]] bool consistent() const;
    [[nodiscard]] bool matches_total(std::uint64_t tokens) const;

    ListingSink& sink_;
    const std::size_t max_tokens_;
    Listing listing_;
    base::IdSet ids_;
    std::size_t pages_ = 0;
    std::size_t first_page_elements_ = 0;
    std::size_t unreadable_ = 0;            ///< rows; excludes those on pages with repeated tokens only
    std::size_t unreadable_last_page_ = 0;  ///< rows, if none of them can be read; otherwise 0
    bool all_readable_ = true;
    bool total_changed_ = false;
    bool created_meanwhile_ = false;
};

}  // namespace exporter::scan
