#include "inventory/census.h"

#include "datadog/text_hash.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace exporter::inventory {

namespace {

constexpr std::size_t entries_a_shelf = 16;

bool by_id(const CensusEntry& left, const CensusEntry& right) {
    return left.id_hash < right.id_hash;
}

}  // namespace

Census::Census(std::vector<CensusEntry> entries, datadog::Timestamp began, Churn churn)
    : entries_(std::move(entries)),
      shelf_ends_(entries_.size() / entries_a_shelf + 1),
      began_(began),
      churn_(churn) {
    std::sort(entries_.begin(), entries_.end(), by_id);
    std::uint32_t place = 0;
    for (const CensusEntry& entry : entries_) {
        ++counts_[static_cast<std::size_t>(entry.type)];
        shelf_ends_[datadog::place_of(entry.id_hash, shelf_ends_.size())] = ++place;
    }
    // An empty shelf ends where the one before it does.
    std::partial_sum(shelf_ends_.begin(), shelf_ends_.end(), shelf_ends_.begin(),
                     [](std::uint32_t left, std::uint32_t right) { return std::max(left, right); });
}

const CensusEntry* Census::find(std::uint64_t id_hash) const {
    const std::size_t shelf = datadog::place_of(id_hash, shelf_ends_.size());
    const CensusEntry* const begin = entries_.data() + (shelf == 0 ? 0 : shelf_ends_[shelf - 1]);
    const CensusEntry* const end = entries_.data() + shelf_ends_[shelf];
    const CensusEntry* const found = std::lower_bound(begin, end, CensusEntry{id_hash, 0, {}}, by_id);
    return found != end && found->id_hash == id_hash ? found : nullptr;
}

}  // namespace exporter::inventory
