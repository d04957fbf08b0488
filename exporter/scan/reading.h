// One reading of a listing from its first page to its end: which page is requested and processed next, and
// what the reading says about its own completeness.
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

/// Receives the readings of a listing. A scan calls `begin`, then `add` for each unique token, then `finish`;
/// all that again where the reading contradicts itself; in the end `publish`, or nothing more when it failed.
class ListingSink {
  public:
    virtual ~ListingSink() = default;
    /// A reading starts: whatever `add` brought since the last `finish` is void.
    virtual void begin(base::Timestamp now) = 0;
    /// A token that is new in this listing. Its texts are valid until the call returns.
    ///
    /// @return false: the listing has more distinct scopes than the sink counts; the reading has failed
    [[nodiscard]] virtual bool add(const datadog::Token& token) = 0;
    /// The reading is complete. It replaces the previous finished one.
    virtual void finish() = 0;
    /// Publishes the last finished reading as the listing.
    virtual void publish(const Listing& listing) = 0;
};

/// A failed request that will be retried.
struct Repeat {
    int number;  ///< 1: for the first time
    RetryReason reason;
    datadog::Error error;
    SteadyTime not_before;
};

/// The pages of a reading from the request to their turn: which to ask for next, and which to take in next.
/// They come out in the listing's order, whatever the order of their arrival. A page that waits for its retry
/// keeps its place.
class PageOrder {
  public:
    /// @param window how many pages beyond the one whose turn it is may be asked for: bounds the memory of
    /// pages that wait for their turn
    explicit PageOrder(std::size_t window) : window_(window) {}

    /// A page took so many bytes: from now on only as many like it as fit into `most_bytes_ahead` are asked
    /// for ahead.
    void note_size(std::size_t bytes);
    static constexpr std::size_t most_bytes_ahead = std::size_t{4} << 20;

    /// The listing is known to have pages up to this one. Beyond it pages are asked for one by one, and so
    /// are the first two.
    void expect_up_to(std::size_t last) { last_ = last; }

    /// The page to ask for next: one whose pause before a repeat is over, otherwise a fresh one, unless
    /// `most` were asked for in vain or not answered yet. The error, where none is wanted for the moment, is
    /// when the first pause will be over; `SteadyTime::max()`: no page waits for that.
    [[nodiscard]] tl::expected<std::size_t, SteadyTime> wanted(SteadyTime now, std::size_t most) const;

    /// Marks the page as in flight. Returns why it is retried; null: it is not a retry.
    const Repeat* ask(std::size_t page);
    [[nodiscard]] std::size_t under_way() const;

    /// A page is no longer under way. Why it had been asked for again; nullopt: it had not. As long as
    /// neither `repeat` nor `arrived` follows, it counts as never asked for.
    std::optional<Repeat> answered(std::size_t page);
    void repeat(std::size_t page, Repeat repeat);
    /// What became of a page that was asked for. An error, or a page without a token, ends the listing when
    /// its turn comes, so that no page beyond it is asked for any more.
    void arrived(std::size_t page, datadog::Result<datadog::Page> outcome);

    /// No memory is left: pages that wait are dropped, to be asked for again, and from now on pages are asked
    /// for one at a time. Otherwise those that wait could keep the room that the next one needs.
    void go_one_by_one();

    /// The page whose turn it is, once: nullopt until it arrives.
    [[nodiscard]] std::optional<datadog::Result<datadog::Page>> take_next();
    /// The number of the page whose turn it is.
    [[nodiscard]] std::size_t turn() const { return turn_; }

  private:
    /// Under way, waiting for its repeat, or (with an outcome) for its turn.
    struct Asked {
        bool under_way = false;
        std::optional<Repeat> repeat;
        std::optional<datadog::Result<datadog::Page>> outcome;
    };

    std::size_t window_;
    std::size_t turn_ = 0;
    std::size_t last_ = 0;
    std::map<std::size_t, Asked> asked_;  ///< from `turn_` on, by page
};

/// What the `Date` header, of whole seconds, may be behind the moment that it stands for.
inline constexpr std::chrono::seconds rounding_of_date{1};

/// Makes dates after the answer itself unreadable, and counts them as such, but for what clocks may differ.
/// Called once for each page, before anything looks at its tokens, so that a wrong date neither makes a
/// listing look as if it had changed while it was read, nor leads to negative ages.
///
/// @param now by our own clock. An answer without `Date` may be a day ahead of it: a clock that is behind
/// must not take a token that was really created meanwhile for a mistake. A `Date` more than a day before it
/// counts as a day before it
void distrust_later_dates(datadog::Page& page, base::Timestamp now);

/// `bad_page`: of the `rows` of page `page` none can be read.
///
/// @param before tokens of the pages before it: with some the error is costly
[[nodiscard]] datadog::Error rows_unreadable(std::size_t page, std::size_t rows, std::size_t before);

/// Takes the pages in the listing's order.
///
/// A page that brings no id that was not there before, readable or not, is the last: whatever a server
/// answers, a reading makes progress or ends. So is a short page where the unique ids are as many as the
/// reported total. Rows that can't be read may be the rest of the listing, by its total or, without one,
/// because they are fewer than a page has. Otherwise the reading broke off at them, and how much comes after
/// them nobody asked.
class Reading {
  public:
    /// @param sink gets `begin` now, and each unique token; must outlive the reading
    /// @param max_tokens how many unique tokens the listing may have
    Reading(base::Timestamp now, ListingSink& sink, std::size_t max_tokens);

    /// Takes in the next page. True: it was the last. The error where the listing has more than it may, or
    /// where no row of it can be read: that is no organization without tokens.
    ///
    /// @param page_size what the source was asked for
    [[nodiscard]] datadog::Result<bool> add(const datadog::Page& page, std::size_t page_size);

    /// The number of the last page by what the reported total and the first page's size say; the first where
    /// they say nothing. A page that only proves the end is counted.
    [[nodiscard]] std::size_t expected_last_page() const;

    /// Pages taken in.
    [[nodiscard]] std::size_t pages() const { return pages_; }
    /// Of the pages taken in; `complete` is for when the last was.
    [[nodiscard]] Listing listing() const;

    /// Whether reading again may tell more: not when it ended at a page of which no row can be read, as the
    /// same would come again; nor, where nothing changed meanwhile, when only unreadable tokens are missing
    /// from the total, or it is off by what it was at the last poll.
    ///
    /// @param last what was published last
    [[nodiscard]] bool worth_repeating(const std::optional<Listing>& last) const;

    /// Whether Datadog left out much of what it says there is. Tokens that can't be read are not left out;
    /// what comes after the page at which the reading broke off is, and without a total it may be anything.
    [[nodiscard]] bool lacks_much() const;
    /// Why, where it does, after so many readings.
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
    std::size_t unreadable_ = 0;            ///< rows, those not counted that come with repeated tokens alone
    std::size_t unreadable_last_page_ = 0;  ///< where none of its rows can be read
    bool all_readable_ = true;
    bool total_changed_ = false;
    bool created_meanwhile_ = false;
};

}  // namespace exporter::scan
