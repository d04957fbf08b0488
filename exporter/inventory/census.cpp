#include "inventory/census.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

bool by_id(const CensusEntry& left, const CensusEntry& right) {
    return left.id_hash < right.id_hash;
}

}  // namespace

Census::Census(std::vector<CensusEntry> entries, datadog::Timestamp began, Churn churn)
    : entries_(std::move(entries)), began_(began), churn_(churn) {
    std::sort(entries_.begin(), entries_.end(), by_id);
    for (const CensusEntry& entry : entries_) {
        ++counts_[static_cast<std::size_t>(entry.type)];
    }
}

const CensusEntry* Census::find(std::uint64_t id_hash) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), CensusEntry{id_hash, 0, {}}, by_id);
    return found != entries_.end() && found->id_hash == id_hash ? &*found : nullptr;
}

}  // namespace exporter::inventory
