// Just enough of each token of a complete listing to tell what changed by the next one.
#pragma once

#include "datadog/token.h"
#include "inventory/inventory.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace exporter::inventory {

/// 16 bytes a token. Ids are kept as 64-bit hashes, by the key of `Rules`: among a million tokens the chance
/// that any two collide is 3 in a hundred million, among ten million 3 in a million, and a collision hides
/// one change.
struct CensusEntry {
    std::uint64_t id_hash;
    std::uint32_t scopes_hash;  ///< of the set, whatever its order
    datadog::TokenType type;
};

/// Every token of one complete listing, and the churn up to it. Never changes once taken.
class Census {
  public:
    /// @param entries in any order
    Census(std::vector<CensusEntry> entries, base::Timestamp began, Churn churn);

    /// The census after `before`: its churn goes on by what changed between the two.
    ///
    /// @param newcomers id hashes, in any order, of the tokens that were not surely there when `before`
    /// began: created since then, or nobody knows when. A token that is neither in `before` nor a newcomer
    /// was missed by it.
    Census(std::vector<CensusEntry> entries, base::Timestamp began, const Census& before,
           std::vector<std::uint64_t> newcomers);

    /// By id_hash.
    [[nodiscard]] const std::vector<CensusEntry>& entries() const { return entries_; }
    [[nodiscard]] base::Timestamp began() const { return began_; }
    [[nodiscard]] const Churn& churn() const { return churn_; }

  private:
    std::vector<CensusEntry> entries_;
    base::Timestamp began_;
    Churn churn_;
};

}  // namespace exporter::inventory
