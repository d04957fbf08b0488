// Counts tokens into an `Inventory` as the pages arrive, by the configured rules. Memory grows with the
// number of series, plus 16 bytes per token for churn.
#pragma once

#include "base/dates.h"
#include "base/text_hash.h"
#include "inventory/details.h"
#include "inventory/inventory.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace exporter::inventory {

/// Disjoint, half-open buckets: maps a token's date to an index into their `names()`. Immutable.
class BucketScheme {
  public:
    /// Time left: `expired`, the intervals, `never`, `unknown`. A token is `expired` from the moment of its
    /// expiry; with exactly a bound's time left, it is in the interval above.
    [[nodiscard]] static BucketScheme expiry(std::vector<base::Duration> bounds);
    /// Time since: `never`, the intervals, `unknown`. A date after `now` (clock skew) is in the first
    /// interval.
    [[nodiscard]] static BucketScheme last_used(std::vector<base::Duration> bounds);
    /// Time since: the intervals, `unknown` (also if there is no date).
    [[nodiscard]] static BucketScheme age(std::vector<base::Duration> bounds);

    [[nodiscard]] std::size_t index(const datadog::Date& date, base::Timestamp now) const;
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] std::size_t size() const { return names_.size(); }

  private:
    /// @param front the bucket before the intervals; empty: there is none
    /// @param when_none where tokens without a date belong: `front`, `unknown`, or a separate bucket
    BucketScheme(bool ahead, std::vector<base::Duration> bounds, std::string_view front,
                 std::string_view when_none);

    bool ahead_;  ///< true: time left; false: time since
    std::vector<base::Duration> bounds_;
    std::vector<std::string> names_;  ///< the last is `unknown`
    std::size_t first_interval_ = 0;
    std::size_t when_none_ = 0;
};

/// The rules for counting an organization's inventories. Constant over its lifetime.
struct Rules {
    BucketScheme expiry;
    BucketScheme last_used;
    BucketScheme age;
    std::size_t scope_limit = 500;
    std::size_t max_scopes = 5000;  ///< distinct scopes; `InventoryBuilder::add` refuses more
    std::set<std::string> privileged_scopes;
    Policy policy = {};
    std::optional<DetailRules> detail = {};  ///< nullopt: none
    bool lists_everything = true;            ///< no filter is set
    /// Key of the census hashes; must be the same for two censuses that are compared.
    base::HashKey census_key = base::process_hash_key();
    /// Recognises the exporter's own token by its public portion; empty: unknown.
    std::function<bool(std::string_view public_portion)> is_own_token;
};

/// Grants by scope while a listing is counted. Scopes are an open set; each name is stored once.
class ScopeTable {
  public:
    /// @param rules must outlive the table
    explicit ScopeTable(const Rules& rules) : rules_(rules) {}

    /// Summary of one token's scopes.
    struct Counted {
        bool privileged = false;
        std::uint32_t set_hash = 0;                   ///< the same for the same set in any order
        std::span<const std::uint32_t> numbers = {};  ///< numbers of its scopes; valid until the next call
    };

    /// Counts each of the token's scopes once, even if it is listed repeatedly. nullopt: there are more than
    /// `max_scopes` distinct scopes, and not all were counted.
    ///
    /// @param numbered whether to number the token's scopes
    [[nodiscard]] std::optional<Counted> add(const datadog::Token& token, std::size_t expiry_bucket,
                                             bool numbered);

    /// Writes the `scope_limit` scopes with the most tokens, by name (ties: alphabetical), with the others
    /// folded into `other`; also the numbers of distinct and of folded scopes.
    void write(Inventory& inventory) const;

    /// Names all scopes, and turns the scope numbers in `inventory.details` into indices of the names.
    void write_names(Inventory& inventory) const;

  private:
    struct Scope {
        std::uint32_t number = 0;  ///< in order of first appearance
        bool privileged = false;
        std::uint32_t hash = 0;
        Count tokens = 0;
        Count last_token = 0;  ///< number of the last token that listed it
        /// By pair of types and expiry bucket, all in one vector: one vector per pair would exceed the memory
        /// budget for a scope (SECURITY.md, Memory).
        std::vector<std::uint32_t> grants;
    };

    /// Keyed, because anybody can choose the names. Allows look-ups without creating a string.
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return base::text_hash(text); }
    };

    /// A scope with its name.
    using Entry = std::pair<const std::string, Scope>;
    /// All scopes, in no particular order.
    [[nodiscard]] std::vector<const Entry*> entries() const;

    /// Null: it would exceed the limit.
    [[nodiscard]] Scope* find_or_add(std::string_view name);

    const Rules& rules_;
    std::unordered_map<std::string, Scope, TextHash, std::equal_to<>> scopes_;
    Count tokens_ = 0;
    std::vector<std::uint32_t> numbers_;  ///< scopes of the last token
};

/// Takes the census of a complete listing.
///
/// @param entries in any order
/// @param before the previous complete listing, whose churn is continued with the changes since; null: none
/// @param newcomers id hashes, in any order, of tokens that may not have existed when `before` began: created
/// since then, or at an unknown time. A token that is neither in `before` nor a newcomer was missed by it.
[[nodiscard]] Census take_census(std::vector<CensusEntry> entries, base::Timestamp began,
                                 const Census* before, std::vector<std::uint64_t> newcomers);

/// Counts one listing. Every id must be added only once: the scan removes duplicates.
class InventoryBuilder {
  public:
    /// @param rules must outlive the builder
    /// @param now the scan's one `now`
    /// @param previous the last complete listing's census, as the baseline for churn; null: none
    /// @param shown what the last inventory showed
    InventoryBuilder(const Rules& rules, base::Timestamp now, std::shared_ptr<const Census> previous,
                     const Shown& shown = {});

    /// False: with this token, there are more than `max_scopes` distinct scopes, and the counts are invalid.
    [[nodiscard]] bool add(const datadog::Token& token);

    struct Built {
        Inventory inventory;
        std::shared_ptr<const Census> census;  ///< the baseline for the next listing
    };

    /// The counts of all added tokens. The builder can't be used afterwards.
    ///
    /// @param complete an incomplete listing leaves the previous census and its churn unchanged
    /// @param began when the listing began by Datadog's clock
    [[nodiscard]] Built build(bool complete, base::Timestamp began) &&;

  private:
    void count_buckets(const datadog::Token& token, std::size_t expiry, bool privileged);
    void count_findings(const datadog::Token& token, const FindingSet& found);
    void note_dates(const datadog::Token& token, const FindingSet& found);
    void note_what_is_shown();
    void note_for_churn(const datadog::Token& token, std::uint32_t scopes_hash);

    const Rules& rules_;
    const base::Timestamp now_;
    const std::shared_ptr<const Census> previous_;

    Inventory inventory_;
    ScopeTable scopes_;
    Details details_;
    ByOwner<base::IdSet> owners_;
    bool all_have_owners_ = true;

    std::vector<CensusEntry> entries_;
    std::vector<std::uint64_t> newcomers_;  ///< since `previous_` began, by id hash
};

}  // namespace exporter::inventory
