// inventory/: the result of a listing. In: one `Token` at a time. Out: an immutable `Inventory` of counts and
// findings, with a census of hashes to compare the next listing with. All of it is pure: no I/O, no clock
// (`now` is a parameter), no network, and no knowledge of how the numbers are published. Memory grows with
// the number of series, not of tokens, except for 16 bytes per token in the census.
//
// `Inventory` is the content of one listing. It never changes once built; nor does its `Census`.
#pragma once

#include "datadog/token.h"
#include "inventory/findings.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::inventory {

using Count = std::uint64_t;
using TypePair = std::pair<datadog::TokenType, datadog::OwnerType>;

inline constexpr std::size_t type_pair_count = datadog::token_type_count * datadog::owner_type_count;

/// Every pair of token type and owner type, in publishing order.
inline constexpr std::array<TypePair, type_pair_count> type_pairs = [] {
    std::array<TypePair, type_pair_count> pairs{};
    auto pair = pairs.begin();
    for (const datadog::TokenType token : datadog::token_types) {
        for (const datadog::OwnerType owner : datadog::owner_types) {
            *pair++ = {token, owner};
        }
    }
    return pairs;
}();

/// People have personal tokens, and service accounts have service tokens; other pairs are unusual.
[[nodiscard]] constexpr bool is_natural(datadog::TokenType token, datadog::OwnerType owner) {
    return (token == datadog::TokenType::personal && owner == datadog::OwnerType::user) ||
           (token == datadog::TokenType::service && owner == datadog::OwnerType::service_account);
}

/// One value for each pair of token type and owner type, in the order of `type_pairs`.
template <class T>
class ByOwner {
  public:
    ByOwner() = default;
    explicit ByOwner(const T& of_each) { values_.fill(of_each); }

    [[nodiscard]] T& at(datadog::TokenType token, datadog::OwnerType owner) {
        return values_[index(token, owner)];
    }
    [[nodiscard]] const T& at(datadog::TokenType token, datadog::OwnerType owner) const {
        return values_[index(token, owner)];
    }
    [[nodiscard]] auto begin() { return values_.begin(); }
    [[nodiscard]] auto begin() const { return values_.begin(); }
    [[nodiscard]] auto end() { return values_.end(); }
    [[nodiscard]] auto end() const { return values_.end(); }
    bool operator==(const ByOwner&) const = default;

    /// The pair's index in `type_pairs`.
    [[nodiscard]] static constexpr std::size_t index(datadog::TokenType token, datadog::OwnerType owner) {
        return static_cast<std::size_t>(token) * datadog::owner_type_count + static_cast<std::size_t>(owner);
    }

  private:
    std::array<T, type_pair_count> values_{};
};

/// Counts by token type, owner type and bucket; the inner vectors have one element per bucket.
using ByBucket = ByOwner<std::vector<Count>>;

/// Grants of one scope: tokens that list it, by token type, owner type and expiry bucket.
struct ScopeGrants {
    std::string scope;
    ByBucket grants;  ///< vectors are empty if there is no grant

    bool operator==(const ScopeGrants&) const = default;
};

/// One individual token, only for `tokens.detail` or `--list`. Its texts are labels (label_text.h).
struct TokenDetail {
    FindingSet findings;
    std::string id;
    std::string name;
    datadog::TokenType type{};
    datadog::OwnerType owner_type{};
    std::string owner_id;
    std::optional<base::Timestamp> expires_at;
    std::optional<base::Timestamp> last_used_at;
    std::optional<base::Timestamp> created_at;

    // For `--list` only:
    std::string public_portion = {};
    std::vector<std::uint32_t> scopes = {};  ///< indices into `Inventory::scope_names`, ascending

    bool operator==(const TokenDetail&) const = default;
};

/// What changed between complete listings since the program started. Never decreases.
struct Churn {
    std::array<Count, datadog::token_type_count> created{};
    std::array<Count, datadog::token_type_count> removed{};
    std::array<Count, datadog::token_type_count> scope_changes{};
    /// Tokens created before the previous complete listing began, but missing from it.
    Count late = 0;

    bool operator==(const Churn&) const = default;
};

/// 16 bytes per token. Ids are stored as 64-bit hashes with the key of `Rules`: the chance that any two
/// collide is 3 in a hundred million for a million tokens and 3 in a million for ten million, and a collision
/// hides one change.
struct CensusEntry {
    std::uint64_t id_hash;
    std::uint32_t scopes_hash;  ///< hash of the set, in any order
    datadog::TokenType type;
};

/// The minimum about each token of a complete listing that is needed to detect changes in the next one, and
/// the churn so far.
struct Census {
    std::vector<CensusEntry> entries;  ///< sorted by id_hash
    base::Timestamp began;             ///< when the listing began by Datadog's clock
    Churn churn;
};

/// All scopes: privileged ones first, each group sorted by name.
struct ScopeNames {
    std::vector<std::string> names;
    std::size_t privileged = 0;

    bool operator==(const ScopeNames&) const = default;
};

/// By bucket, or by finding. Large enough: there are at most 20 bounds.
using Cells = std::bitset<32>;

/// Which counts are published: those that are above zero or have been since the process started, so that an
/// alert can resolve at zero; and all findings and expiry buckets of the natural pairs, so that a rule can
/// compare with a time when there was none. The rest would make up most of a small organization's series.
struct Shown {
    ByOwner<Cells> by_expiry;
    ByOwner<Cells> unscoped;
    ByOwner<Cells> privileged;
    ByOwner<Cells> by_last_use;
    ByOwner<Cells> by_age;
    ByOwner<Cells> at_risk;

    bool operator==(const Shown&) const = default;
};

struct Inventory {
    base::Timestamp as_of;
    Count tokens = 0;

    Shown shown;

    /// Bucket names: the indices of the vectors in `ByBucket`.
    std::vector<std::string> expiry_buckets;
    std::vector<std::string> last_used_buckets;
    std::vector<std::string> age_buckets;

    ByBucket by_expiry;
    ByBucket unscoped;    ///< by expiry bucket
    ByBucket privileged;  ///< by expiry bucket
    ByBucket by_last_use;
    ByBucket by_age;

    std::array<ByOwner<Count>, finding_count> at_risk;  ///< by finding
    bool leaks_reported =
        false;              ///< whether any token has leak information; false: `leaked` is unknown, not zero
    ByOwner<Count> owners;  ///< distinct owner ids

    std::vector<ScopeGrants> scope_grants;  ///< by scope name; the others folded into `other`
    Count distinct_scopes = 0;
    Count folded_scopes = 0;

    ByOwner<std::optional<base::Timestamp>> next_expiry;  ///< after `as_of`
    /// For tokens with the finding `expiring_in_use`: when something will break.
    ByOwner<std::optional<base::Timestamp>> next_expiry_in_use;
    ByOwner<std::optional<base::Timestamp>> oldest_creation;

    /// Expiry of the exporter's own token; nullopt if it was not recognised or never expires.
    std::optional<base::Timestamp> credential_expiry;

    std::vector<TokenDetail> details;  ///< the worst first
    /// Tokens selected by `tokens.detail` beyond `tokens.detail-limit`; nullopt: detail is off.
    std::optional<Count> details_omitted;
    ScopeNames scope_names;  ///< for `--list` only

    Churn churn;
    /// Whether there are two or more tokens and all have the same owner: the credentials can probably see
    /// only that owner's tokens. nullopt: meaningless, because a filter is set.
    std::optional<bool> single_owner;

    bool operator==(const Inventory&) const = default;
};

}  // namespace exporter::inventory
