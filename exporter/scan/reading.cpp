#include "scan/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace exporter::scan {

namespace {

using base::Timestamp;
using datadog::Date;
using datadog::Field;

/// Uses and changes are recorded by many machines whose clocks differ slightly; a use dated slightly in the
/// future counts as one just now. The margin for creations is smaller: within it, a token counts as created
/// during the reading, and a wrong date there costs another reading.
constexpr std::chrono::minutes clocks_differ{5};
constexpr std::chrono::seconds clocks_of_creation_differ{5};

/// How far our own clock may be behind if the answer has no date, and ahead if it has one.
constexpr std::chrono::hours our_clock_differs{24};

tl::unexpected<datadog::Error> endless(const std::string& excess) {
    return tl::unexpected(datadog::Error{
        .kind = datadog::ErrorKind::endless, .message = "the listing has " + excess, .costly = true});
}

}  // namespace

void PageOrder::note_size(std::size_t bytes) {
    window_ = std::min(window_, std::max<std::size_t>(1, most_bytes_ahead / std::max<std::size_t>(1, bytes)));
}

tl::expected<std::size_t, SteadyTime> PageOrder::wanted(SteadyTime now, std::size_t most) const {
    SteadyTime pause_over = SteadyTime::max();
    std::size_t unanswered = 0;
    std::size_t fresh = turn_;  // the lowest page not requested yet
    bool ends = false;          // whether an earlier page ends the listing
    for (const auto& [page, asked] : asked_) {
        if (asked.repeat && !asked.under_way) {
            if (asked.repeat->not_before <= now) {
                return page;
            }
            pause_over = std::min(pause_over, asked.repeat->not_before);
        }
        unanswered += asked.outcome ? 0U : 1U;
        if (page == fresh) {
            ++fresh;
            ends = ends || (asked.outcome && (!*asked.outcome || (*asked.outcome)->tokens.empty()));
        }
    }
    // The second page is requested on its own, like the first: if the server ignores the page number, or its
    // rows become unreadable, that shows here, before a window full of such pages is requested.
    const std::size_t last = turn_ < 2 ? turn_ : std::max(last_, turn_);
    if (ends || unanswered >= most || fresh > last || fresh - turn_ >= window_) {
        return tl::unexpected(pause_over);
    }
    return fresh;
}

const Repeat* PageOrder::ask(std::size_t page) {
    Asked& asked = asked_[page];
    asked.under_way = true;
    return asked.repeat ? &*asked.repeat : nullptr;
}

std::size_t PageOrder::under_way() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(asked_, [](const auto& page) { return page.second.under_way; }));
}

std::optional<Repeat> PageOrder::answered(std::size_t page) {
    return std::move(asked_.extract(page).mapped().repeat);
}

void PageOrder::repeat(std::size_t page, Repeat repeat) {
    asked_[page] = {.repeat = std::move(repeat)};
}

void PageOrder::arrived(std::size_t page, datadog::Result<datadog::Page> outcome) {
    asked_[page] = {.outcome = std::move(outcome)};
}

void PageOrder::go_one_by_one() {
    window_ = 1;
    std::erase_if(asked_,
                  [](const auto& page) { return page.second.outcome && page.second.outcome->has_value(); });
}

std::optional<datadog::Result<datadog::Page>> PageOrder::take_next() {
    const auto next = asked_.find(turn_);
    if (next == asked_.end() || !next->second.outcome) {
        return std::nullopt;
    }
    ++turn_;
    return std::move(asked_.extract(next).mapped().outcome);
}

void distrust_later_dates(datadog::Page& page, Timestamp now) {
    // A gateway in between may send its own outdated date, which must not invalidate all others.
    const Timestamp end =
        (page.answered_at ? std::max(*page.answered_at, now - our_clock_differs) : now + our_clock_differs) +
        rounding_of_date;
    const auto distrust = [&page](Date& date, Field field, Timestamp too_late) {
        if (date.moment() && *date.moment() >= too_late) {
            date = Date::unreadable();
            ++page.facts.unparsed[static_cast<std::size_t>(field)];
        }
    };
    const auto margin = page.answered_at ? clocks_of_creation_differ : std::chrono::seconds(0);
    for (datadog::Token& token : page.tokens) {
        distrust(token.created_at, Field::created_at, end + margin);
        distrust(token.last_used_at, Field::last_used_at, end + clocks_differ);
        distrust(token.modified_at, Field::modified_at, end + clocks_differ);
    }
}

datadog::Error rows_unreadable(std::size_t page, std::size_t rows, std::size_t before) {
    const std::string after = before > 0 ? fmt::format("; tokens before it: {}", before) : "";
    return {.kind = datadog::ErrorKind::bad_page,
            .message = fmt::format("page {}: none of its rows can be read; rows without a string id: {}{}",
                                   page, rows, after),
            .costly = before > 0};
}

Reading::Reading(base::Timestamp now, ListingSink& sink, std::size_t max_tokens)
    : sink_(sink), max_tokens_(max_tokens), listing_{.as_of = now, .began = now} {
    sink_.begin(now);
}

datadog::Result<bool> Reading::add(const datadog::Page& page, std::size_t page_size) {
    if (pages_++ == 0) {
        listing_.began = page.asked_at.value_or(listing_.began);
        first_page_elements_ = page.facts.elements;
    }
    if (const auto& total = page.facts.total_filtered_count) {
        total_changed_ = total_changed_ || listing_.reported_tokens.value_or(*total) != *total;
        listing_.reported_tokens = total;
    }
    const std::size_t known_before = ids_.size();
    for (const datadog::Token& token : page.tokens) {
        if (auto added = add(token); !added) {
            return tl::unexpected(std::move(added).error());
        }
    }
    const bool nothing_new = ids_.size() == known_before;
    const std::size_t unreadable = page.facts.elements - page.tokens.size();
    all_readable_ = all_readable_ && unreadable == 0;
    // A server that ignores the page number repeats the unreadable rows with the rest.
    const bool repeated = nothing_new && !page.tokens.empty();
    unreadable_ += repeated ? 0 : unreadable;
    unreadable_last_page_ = page.tokens.empty() ? unreadable : 0;
    if (ids_.size() == 0 && unreadable_last_page_ > 0) {
        return tl::unexpected(rows_unreadable(pages_ - 1, unreadable_last_page_, 0));
    }
    const bool short_page = page.facts.elements < page_size;
    return nothing_new || (short_page && listing_.reported_tokens == ids_.size());
}

bool Reading::broke_off() const {
    if (unreadable_last_page_ == 0) {
        return false;
    }
    return listing_.reported_tokens ? ids_.size() + unreadable_ < *listing_.reported_tokens
                                    : unreadable_last_page_ >= first_page_elements_;
}

std::size_t Reading::expected_last_page() const {
    // If the total is a multiple of the page size, the page after the last full one is requested as well:
    // only that page proves that nothing follows.
    return listing_.reported_tokens && first_page_elements_ > 0
               ? *listing_.reported_tokens / first_page_elements_
               : 0;
}

Listing Reading::listing() const {
    Listing listing = listing_;
    listing.tokens = ids_.size();
    listing.complete = consistent() && all_readable_ && matches_total(ids_.size());
    return listing;
}

bool Reading::worth_repeating(const std::optional<Listing>& last) const {
    if (unreadable_last_page_ > 0) {
        return false;  // Even if something changed, the same page would end the reading again.
    }
    // As many tokens are missing or surplus as at the last poll, so the total itself is wrong.
    const bool has_gap_of_last =
        !lacks_much() && last && !last->complete && last->reported_tokens && listing_.reported_tokens &&
        *last->reported_tokens - last->tokens == *listing_.reported_tokens - ids_.size();
    return !consistent() || !(matches_total(ids_.size() + unreadable_) || has_gap_of_last);
}

datadog::Result<void> Reading::add(const datadog::Token& token) {
    if (!ids_.insert(token.id)) {
        ++listing_.duplicates;
        return {};
    }
    if (ids_.size() > max_tokens_) {
        return endless(fmt::format("more than {} tokens (--poll.max-tokens)", max_tokens_));
    }
    const auto& created = token.created_at.moment();
    created_meanwhile_ = created_meanwhile_ || (created && *created >= listing_.began);
    if (!sink_.add(token)) {
        return endless("more distinct scopes than --poll.max-scopes allows");
    }
    return {};
}

/// Nothing suggests that tokens came or went between the pages. Pages are sorted by creation, so a token
/// created during the reading is on the last one. If the total still didn't change, another token was
/// revoked, and the one that slid across a page boundary was missed. With concurrent requests, the last page
/// may be fetched before that change and a middle page after it: then as many tokens are listed twice as were
/// missed, and the ids don't add up to the total. A single page reflects one moment.
bool Reading::consistent() const {
    return !total_changed_ && (pages_ == 1 || !created_meanwhile_);
}

bool Reading::lacks_much() const {
    return listing_.reported_tokens ? scan::lacks_much(ids_.size() + unreadable_, listing_.reported_tokens)
                                    : broke_off();
}

datadog::Error Reading::shortage(int readings) const {
    if (broke_off()) {
        return rows_unreadable(pages_ - 1, unreadable_last_page_, ids_.size());
    }
    return {.kind = datadog::ErrorKind::short_listing,
            .message =
                fmt::format("{} of the {} reported tokens were listed, in the last of {} scans of the list",
                            ids_.size(), listing_.reported_tokens.value_or(0), readings),
            .costly = true};
}

bool Reading::matches_total(std::uint64_t tokens) const {
    return listing_.reported_tokens ? *listing_.reported_tokens == tokens : listing_.duplicates == 0;
}

}  // namespace exporter::scan
