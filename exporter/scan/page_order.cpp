#include "scan/page_order.h"

#include <algorithm>
#include <utility>

namespace exporter::scan {

void PageOrder::note_size(std::size_t bytes) {
    window_ = std::min(window_, std::max<std::size_t>(1, most_bytes_ahead / std::max<std::size_t>(1, bytes)));
}

void PageOrder::go_one_by_one() {
    window_ = 1;
    for (auto page = waiting_.begin(); page != waiting_.end();) {
        if (page->second) {
            put_off_.insert(page->first);
            page = waiting_.erase(page);
        } else {
            ++page;
        }
    }
}

bool PageOrder::is_put_off_in_window() const {
    return !put_off_.empty() && *put_off_.begin() - turn_ < window_;
}

bool PageOrder::end_is_waiting() const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [](const auto& page) { return !page.second || page.second->tokens.empty(); });
}

/// The second page goes alone as the first does: a server that ignores the page's number, or whose rows can't
/// be read any more, shows it there, and is not asked for a window full of the same.
std::size_t PageOrder::last_wanted() const {
    return turn_ < 2 ? turn_ : std::max(last_, turn_);
}

bool PageOrder::has_fresh() const {
    // Beyond a page that ends the listing nothing is asked for, but those before it still are.
    return is_put_off_in_window() ||
           (!end_is_waiting() && fresh_ <= last_wanted() && fresh_ - turn_ < window_);
}

std::optional<std::size_t> PageOrder::take_fresh() {
    if (is_put_off_in_window()) {
        return put_off_.extract(put_off_.begin()).value();
    }
    return has_fresh() ? std::optional(fresh_++) : std::nullopt;
}

void PageOrder::arrived(std::size_t page, datadog::Result<datadog::Page> outcome) {
    waiting_.emplace(page, std::move(outcome));
}

std::optional<datadog::Result<datadog::Page>> PageOrder::take_next() {
    auto next = waiting_.extract(turn_);
    if (next.empty()) {
        return std::nullopt;
    }
    ++turn_;
    std::optional<datadog::Result<datadog::Page>> page(std::move(next.mapped()));
    return page;
}

}  // namespace exporter::scan
