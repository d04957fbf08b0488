// Who was there: just enough of each token of a complete listing to tell what changed by the next one.
#pragma once

#include "datadog/token.h"
#include "inventory/inventory.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace exporter::inventory {

/// 16 bytes a token. Ids are kept as 64-bit hashes: among a million tokens the chance that any two collide is
/// 3 in a hundred million, and a collision hides one change.
struct CensusEntry {
    std::uint64_t id_hash;
    std::uint32_t scopes_hash;  ///< of the set, whatever its order
    datadog::TokenType type;
};

/// Every token of one complete listing, and the churn up to it. Never changes once taken.
class Census {
  public:
    /// @param entries in any order
    Census(std::vector<CensusEntry> entries, datadog::Timestamp began, Churn churn);

    /// nullptr: was not there.
    [[nodiscard]] const CensusEntry* find(std::uint64_t id_hash) const;
    [[nodiscard]] Count count(datadog::TokenType type) const {
        return counts_[static_cast<std::size_t>(type)];
    }
    /// By id_hash.
    [[nodiscard]] const std::vector<CensusEntry>& entries() const { return entries_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] datadog::Timestamp began() const { return began_; }
    [[nodiscard]] const Churn& churn() const { return churn_; }

  private:
    std::vector<CensusEntry> entries_;  ///< by id_hash
    /// Where among the entries each shelf ends, of as many equal shelves of hashes: to look up an entry then
    /// costs one look here and one at its shelf. A quarter of a byte a token.
    std::vector<std::uint32_t> shelf_ends_;
    std::array<Count, datadog::token_type_count> counts_{};
    datadog::Timestamp began_;
    Churn churn_;
};

}  // namespace exporter::inventory
