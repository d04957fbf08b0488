// Pages that are asked for side by side and taken in one after another.
#pragma once

#include "datadog/error.h"
#include "datadog/page.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>

namespace exporter::scan {

/// Which page to ask for next, and whose turn it is. Whoever takes pages from here sees them in the listing's
/// order, whatever the order of their arrival: that they were fetched side by side shows in nothing.
class PageOrder {
  public:
    /// @param window how many pages beyond the one whose turn it is may be asked for: bounds the memory of
    /// pages that wait for their turn
    explicit PageOrder(std::size_t window) : window_(window) {}

    /// A page took so many bytes: from now on no more are asked for ahead than take `most_bytes_ahead` if
    /// they are like it; large ones are read one after another.
    void note_size(std::size_t bytes);
    static constexpr std::size_t most_bytes_ahead = std::size_t{4} << 20;

    /// The listing is known to have pages up to this one. Beyond it pages are asked for one by one, and so
    /// are the first two.
    void expect_up_to(std::size_t last) { last_ = last; }

    /// A page that was never asked for; nullopt: none is wanted for the moment. It counts as asked for.
    [[nodiscard]] std::optional<std::size_t> take_fresh();
    /// Whether `take_fresh` has one.
    [[nodiscard]] bool has_fresh() const;

    /// There is no memory for pages that wait: they are dropped, to be asked for again, and from now on only
    /// the page whose turn it is is asked for. Otherwise they could keep the room that it needs.
    void go_one_by_one();
    /// A page that was asked for ahead of its turn, in vain, is asked for again when its turn comes.
    void put_off(std::size_t page) { put_off_.insert(page); }

    /// What became of a page that was asked for. An error, or a page without a token, ends the listing when
    /// its turn comes, so that no page beyond it is asked for any more.
    void arrived(std::size_t page, datadog::Result<datadog::Page> outcome);

    /// The page whose turn it is, once: nullopt until it arrives.
    [[nodiscard]] std::optional<datadog::Result<datadog::Page>> take_next();
    /// The number of the page whose turn it is.
    [[nodiscard]] std::size_t turn() const { return turn_; }

  private:
    [[nodiscard]] bool is_put_off_in_window() const;
    [[nodiscard]] bool end_is_waiting() const;
    [[nodiscard]] std::size_t last_wanted() const;

    std::size_t window_;
    std::size_t fresh_ = 0;  ///< the lowest that was not asked for
    std::size_t turn_ = 0;
    std::size_t last_ = 0;
    std::set<std::size_t> put_off_;
    std::map<std::size_t, datadog::Result<datadog::Page>> waiting_;
};

}  // namespace exporter::scan
