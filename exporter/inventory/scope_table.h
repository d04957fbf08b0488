// Grants by scope while a listing is counted. Scopes are an open set: each name is kept once, counts are
// dense by scope within the combinations that occur.
#pragma once

#include "base/text_hash.h"
#include "inventory/inventory.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace exporter::inventory {

class ScopeTable {
  public:
    /// @param privileged must outlive the table
    /// @param expiry_buckets how many expiry buckets there are
    /// @param max_scopes how many distinct scopes there may be
    /// @param census_key what `set_hash` is made by
    ScopeTable(const std::set<std::string>& privileged, std::size_t expiry_buckets, std::size_t max_scopes,
               const base::HashKey& census_key);

    /// What one token's scopes are, each counted once however often it is listed.
    struct Counted {
        bool privileged = false;
        std::uint32_t set_hash = 0;  ///< the same for the same set in any order
        bool too_many = false;       ///< more than `max_scopes`: it was not counted to its end
    };

    [[nodiscard]] Counted add(std::span<const std::string_view> scopes, datadog::TokenType token,
                              datadog::OwnerType owner, std::size_t expiry_bucket);

    /// The `limit` scopes on the most tokens by name (ties: the name that sorts first), the rest folded into
    /// `other`; and how many scopes there are and were folded.
    void write(Inventory& inventory, std::size_t limit) const;

  private:
    using ScopeId = std::uint32_t;

    struct Scope {
        std::string name;
        bool privileged = false;
        std::uint32_t hash = 0;
        Count tokens = 0;
        std::uint64_t last_token = 0;  ///< number of the last token that listed it
    };

    /// Keyed, as anybody may choose the names. Lets one be looked up without making a string of it.
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return base::text_hash(text); }
    };

    /// nullopt: it would be one too many.
    [[nodiscard]] std::optional<ScopeId> intern(std::string_view scope);
    [[nodiscard]] std::vector<bool> choose_folded(std::size_t limit) const;

    const std::set<std::string>& privileged_;
    const std::size_t expiry_buckets_;
    const std::size_t max_scopes_;
    const base::HashKey census_key_;
    std::vector<Scope> scopes_;
    std::unordered_map<std::string, ScopeId, TextHash, std::equal_to<>> ids_;
    /// Counts by scope id, for each combination of token type, owner type and expiry bucket; empty until it
    /// occurs.
    std::vector<std::vector<std::uint32_t>> grants_;
    std::uint64_t tokens_ = 0;
};

}  // namespace exporter::inventory
