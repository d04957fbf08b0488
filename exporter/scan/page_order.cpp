#include "scan/page_order.h"

#include <algorithm>
#include <utility>

namespace exporter::scan {

void PageOrder::note_size(std::size_t bytes) {
    window_ = std::min(window_, std::max<std::size_t>(1, most_bytes_ahead / std::max<std::size_t>(1, bytes)));
}

bool PageOrder::has_fresh() const {
    return !failed_ && fresh_ <= std::max(last_, turn_) && fresh_ - turn_ < window_;
}

std::optional<std::size_t> PageOrder::take_fresh() {
    return has_fresh() ? std::optional(fresh_++) : std::nullopt;
}

void PageOrder::arrived(std::size_t page, datadog::Result<datadog::Page> outcome) {
    failed_ = failed_ || !outcome;
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
