#include "inventory/census.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

bool by_id(const CensusEntry& left, const CensusEntry& right) {
    return left.id_hash < right.id_hash;
}

std::size_t index(datadog::TokenType type) {
    return static_cast<std::size_t>(type);
}

}  // namespace

Census::Census(std::vector<CensusEntry> entries, base::Timestamp began, Churn churn)
    : entries_(std::move(entries)), began_(began), churn_(churn) {
    std::sort(entries_.begin(), entries_.end(), by_id);
}

// Both are sorted, so they are read once side by side: to look each token up, in the order of the listing,
// would miss the processor's caches many times a token.
Census::Census(std::vector<CensusEntry> entries, base::Timestamp began, const Census& before,
               std::vector<std::uint64_t> newcomers)
    : Census(std::move(entries), began, before.churn_) {
    std::sort(newcomers.begin(), newcomers.end());
    auto old = before.entries_.begin();
    const auto no_more = before.entries_.end();
    for (const CensusEntry& entry : entries_) {
        for (; old != no_more && old->id_hash < entry.id_hash; ++old) {
            ++churn_.removed[index(old->type)];
        }
        if (old != no_more && old->id_hash == entry.id_hash) {
            churn_.scope_changes[index(entry.type)] += Count{old->scopes_hash != entry.scopes_hash};
            ++old;
        } else if (std::binary_search(newcomers.begin(), newcomers.end(), entry.id_hash)) {
            ++churn_.created[index(entry.type)];
        } else {
            ++churn_.late;
        }
    }
    for (; old != no_more; ++old) {
        ++churn_.removed[index(old->type)];
    }
}

}  // namespace exporter::inventory
