#include "inventory/builder.h"

#include "inventory/label_text.h"

#include <algorithm>
#include <map>
#include <utility>

namespace exporter::inventory {

namespace {

using base::Timestamp;
using datadog::Token;

constexpr std::string_view folded_name = "other";

constexpr std::string_view unknown = "unknown";

/// Names of the `n + 1` intervals between `n` ascending bounds: `under_1d`, `1d_to_7d`, …, `over_365d`.
std::vector<std::string> interval_names(const std::vector<base::Duration>& bounds) {
    std::vector<std::string> names;
    std::string lower;
    for (const base::Duration bound : bounds) {
        const std::string upper = base::format_duration(bound);
        names.push_back(lower.empty() ? "under_" + upper : lower + "_to_" + upper);
        lower = upper;
    }
    names.push_back("over_" + lower);
    return names;
}

void keep_earliest(std::optional<Timestamp>& earliest, Timestamp moment) {
    if (!earliest || moment < *earliest) {
        earliest = moment;
    }
}

}  // namespace

BucketScheme BucketScheme::expiry(std::vector<base::Duration> bounds) {
    return {true, std::move(bounds), "expired", "never"};
}

BucketScheme BucketScheme::last_used(std::vector<base::Duration> bounds) {
    return {false, std::move(bounds), "never", "never"};
}

BucketScheme BucketScheme::age(std::vector<base::Duration> bounds) {
    return {false, std::move(bounds), "", unknown};
}

BucketScheme::BucketScheme(bool ahead, std::vector<base::Duration> bounds, std::string_view front,
                           std::string_view when_none)
    : ahead_(ahead), bounds_(std::move(bounds)), names_(interval_names(bounds_)) {
    if (!front.empty()) {
        names_.insert(names_.begin(), std::string(front));
        first_interval_ = 1;
    }
    if (when_none != front && when_none != unknown) {
        names_.emplace_back(when_none);
    }
    names_.emplace_back(unknown);
    when_none_ =
        static_cast<std::size_t>(std::find(names_.begin(), names_.end(), when_none) - names_.begin());
}

std::size_t BucketScheme::index(const datadog::Date& date, base::Timestamp now) const {
    if (date.is_unreadable()) {
        return names_.size() - 1;
    }
    if (date.is_none()) {
        return when_none_;
    }
    if (ahead_ && *date.moment() <= now) {
        return 0;  // `expired`
    }
    const auto distance = ahead_ ? *date.moment() - now : now - *date.moment();
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), distance);
    return first_interval_ + static_cast<std::size_t>(above - bounds_.begin());
}

std::optional<ScopeTable::Counted> ScopeTable::add(const Token& token, std::size_t expiry_bucket,
                                                   bool numbered) {
    Counted counted;
    ++tokens_;
    numbers_.clear();
    const std::size_t cell =
        ByBucket::index(token.type, token.owner_type) * rules_.expiry.size() + expiry_bucket;
    for (const std::string_view name : token.scopes) {
        Scope* const scope = find_or_add(name);
        if (scope == nullptr) {
            return std::nullopt;
        }
        if (std::exchange(scope->last_token, tokens_) == tokens_) {
            continue;
        }
        ++scope->tokens;
        ++scope->grants[cell];
        counted.privileged = counted.privileged || scope->privileged;
        counted.set_hash += scope->hash;
        if (numbered) {
            numbers_.push_back(scope->number);
        }
    }
    counted.numbers = numbers_;
    return counted;
}

ScopeTable::Scope* ScopeTable::find_or_add(std::string_view name) {
    if (const auto known = scopes_.find(name); known != scopes_.end()) {
        return &known->second;
    }
    // Counted under its published name: two names truncated to the same text are a single series.
    const std::string clean = label_text(name);
    if (clean != name) {
        return find_or_add(clean);
    }
    if (scopes_.size() >= rules_.max_scopes) {
        return nullptr;
    }
    const auto number = static_cast<std::uint32_t>(scopes_.size());
    Scope& scope = scopes_[clean];
    scope.number = number;
    const std::uint64_t hash = base::text_hash(name, rules_.census_key);
    scope.hash = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
    scope.privileged = rules_.privileged_scopes.contains(clean);
    scope.grants.resize(type_pair_count * rules_.expiry.size());
    return &scope;
}

std::vector<const ScopeTable::Entry*> ScopeTable::entries() const {
    std::vector<const Entry*> entries;
    entries.reserve(scopes_.size());
    for (const Entry& entry : scopes_) {
        entries.push_back(&entry);
    }
    return entries;
}

void ScopeTable::write(Inventory& inventory) const {
    auto order = entries();
    std::sort(order.begin(), order.end(), [](const auto* left, const auto* right) {
        const Count of_left = left->second.tokens;
        const Count of_right = right->second.tokens;
        return of_left != of_right ? of_left > of_right : left->first < right->first;
    });
    inventory.distinct_scopes = order.size();
    inventory.folded_scopes = order.size() - std::min(order.size(), rules_.scope_limit);

    // A scope that is actually called `other` shares the series of the folded ones: there can be only one.
    std::map<std::string_view, ByBucket> rows;
    for (std::size_t place = 0; place < order.size(); ++place) {
        const auto& [name, scope] = *order[place];
        ByBucket& row = rows[place < rules_.scope_limit ? name : folded_name];
        for (std::size_t cell = 0; cell < scope.grants.size(); ++cell) {
            if (scope.grants[cell] > 0) {
                const auto& [type, owner] = type_pairs[cell / rules_.expiry.size()];
                std::vector<Count>& buckets = row.at(type, owner);
                buckets.resize(rules_.expiry.size());
                buckets[cell % rules_.expiry.size()] += scope.grants[cell];
            }
        }
    }
    inventory.scope_grants.reserve(rows.size());
    for (auto& [scope, grants] : rows) {
        inventory.scope_grants.push_back({std::string(scope), std::move(grants)});
    }
}

void ScopeTable::write_names(Inventory& inventory) const {
    auto order = entries();
    std::ranges::sort(order, {}, [](const auto* scope) {
        return std::pair(!scope->second.privileged, std::string_view(scope->first));
    });
    std::vector<std::uint32_t> places(order.size());
    for (const auto* scope : order) {
        places[scope->second.number] = static_cast<std::uint32_t>(inventory.scope_names.names.size());
        inventory.scope_names.names.push_back(scope->first);
        inventory.scope_names.privileged += scope->second.privileged ? 1 : 0;
    }
    for (TokenDetail& detail : inventory.details) {
        for (std::uint32_t& scope : detail.scopes) {
            scope = places[scope];
        }
        std::ranges::sort(detail.scopes);
    }
}

// Both lists are sorted, so one pass over both is enough: looking up each token in listing order would cause
// many cache misses per token.
Census take_census(std::vector<CensusEntry> entries, Timestamp began, const Census* before,
                   std::vector<std::uint64_t> newcomers) {
    std::ranges::sort(entries, {}, &CensusEntry::id_hash);
    Census census{std::move(entries), began, {}};
    if (before == nullptr) {
        return census;
    }
    const auto index = [](const CensusEntry& entry) { return static_cast<std::size_t>(entry.type); };
    Churn& churn = census.churn = before->churn;
    std::sort(newcomers.begin(), newcomers.end());
    auto old = before->entries.begin();
    const auto no_more = before->entries.end();
    for (const CensusEntry& entry : census.entries) {
        for (; old != no_more && old->id_hash < entry.id_hash; ++old) {
            ++churn.removed[index(*old)];
        }
        if (old != no_more && old->id_hash == entry.id_hash) {
            churn.scope_changes[index(entry)] += Count{old->scopes_hash != entry.scopes_hash};
            ++old;
        } else if (std::binary_search(newcomers.begin(), newcomers.end(), entry.id_hash)) {
            ++churn.created[index(entry)];
        } else {
            ++churn.late;
        }
    }
    for (; old != no_more; ++old) {
        ++churn.removed[index(*old)];
    }
    return census;
}

InventoryBuilder::InventoryBuilder(const Rules& rules, Timestamp now, std::shared_ptr<const Census> previous,
                                   const Shown& shown)
    : rules_(rules), now_(now), previous_(std::move(previous)), scopes_(rules), details_(rules.detail) {
    if (previous_) {
        // As many as before plus some new ones: growing would copy all of them while the previous census is
        // still in memory.
        entries_.reserve(previous_->entries.size() + previous_->entries.size() / 16);
    }
    inventory_.as_of = now;
    inventory_.shown = shown;
    inventory_.expiry_buckets = rules.expiry.names();
    inventory_.last_used_buckets = rules.last_used.names();
    inventory_.age_buckets = rules.age.names();
    inventory_.by_expiry = ByBucket(std::vector<Count>(rules.expiry.size()));
    inventory_.unscoped = ByBucket(std::vector<Count>(rules.expiry.size()));
    inventory_.privileged = ByBucket(std::vector<Count>(rules.expiry.size()));
    inventory_.by_last_use = ByBucket(std::vector<Count>(rules.last_used.size()));
    inventory_.by_age = ByBucket(std::vector<Count>(rules.age.size()));
}

bool InventoryBuilder::add(const Token& token) {
    const std::size_t expiry = rules_.expiry.index(token.expires_at, now_);
    const auto scopes = scopes_.add(token, expiry, details_.wants_scopes());
    if (!scopes) {
        return false;
    }
    const FindingSet found = findings_of({token, scopes->privileged, now_, rules_.policy});
    count_buckets(token, expiry, scopes->privileged);
    count_findings(token, found);
    note_dates(token, found);
    note_for_churn(token, scopes->set_hash);
    details_.add(token, found, scopes->numbers);
    if (token.owner_id.empty()) {
        all_have_owners_ = false;
    } else {
        owners_.at(token.type, token.owner_type).insert(token.owner_id);
    }
    if (rules_.is_own_token && rules_.is_own_token(token.public_portion)) {
        inventory_.credential_expiry = token.expires_at.moment();
    }
    return true;
}

InventoryBuilder::Built InventoryBuilder::build(bool complete, Timestamp began) && {
    scopes_.write(inventory_);
    note_what_is_shown();
    base::IdSet all_owners;
    for (const auto& [type, owner] : type_pairs) {
        const base::IdSet& of_pair = owners_.at(type, owner);
        inventory_.owners.at(type, owner) = of_pair.size();
        all_owners.merge(of_pair);
    }
    if (rules_.lists_everything) {
        inventory_.single_owner = inventory_.tokens > 1 && all_have_owners_ && all_owners.size() == 1;
    }
    if (rules_.detail) {
        inventory_.details_omitted = details_.omitted();
    }
    const bool names_scopes = details_.wants_scopes();
    inventory_.details = std::move(details_).build();
    if (names_scopes) {
        scopes_.write_names(inventory_);
    }

    auto census = previous_;
    if (complete) {
        census = std::make_shared<const Census>(
            take_census(std::move(entries_), began, previous_.get(), std::move(newcomers_)));
    }
    if (census) {
        inventory_.churn = census->churn;
    }
    return {std::move(inventory_), std::move(census)};
}

void InventoryBuilder::count_buckets(const Token& token, std::size_t expiry, bool privileged) {
    const auto count = [&token](ByBucket& counts, std::size_t bucket) {
        ++counts.at(token.type, token.owner_type)[bucket];
    };
    ++inventory_.tokens;
    count(inventory_.by_expiry, expiry);
    count(inventory_.by_last_use, rules_.last_used.index(token.last_used_at, now_));
    count(inventory_.by_age, rules_.age.index(token.created_at, now_));
    if (token.scopes.empty() && token.scopes_readable) {
        count(inventory_.unscoped, expiry);
    }
    if (privileged) {
        count(inventory_.privileged, expiry);
    }
}

void InventoryBuilder::count_findings(const Token& token, const FindingSet& found) {
    for (std::size_t place = 0; place < finding_count; ++place) {
        inventory_.at_risk[place].at(token.type, token.owner_type) += Count{found.test(place)};
    }
    inventory_.leaks_reported = inventory_.leaks_reported || token.leak != datadog::Leak::unknown;
}

void InventoryBuilder::note_dates(const Token& token, const FindingSet& found) {
    if (const auto& expires = token.expires_at.moment(); expires && *expires > now_) {
        keep_earliest(inventory_.next_expiry.at(token.type, token.owner_type), *expires);
        if (found.test(static_cast<std::size_t>(Finding::expiring_in_use))) {
            keep_earliest(inventory_.next_expiry_in_use.at(token.type, token.owner_type), *expires);
        }
    }
    if (const auto& created = token.created_at.moment()) {
        keep_earliest(inventory_.oldest_creation.at(token.type, token.owner_type), *created);
    }
}

void InventoryBuilder::note_what_is_shown() {
    Shown& shown = inventory_.shown;
    const auto note = [](ByOwner<Cells>& cells, const ByBucket& counts) {
        for (const auto& [type, owner] : type_pairs) {
            const std::vector<Count>& of_pair = counts.at(type, owner);
            for (std::size_t bucket = 0; bucket < of_pair.size(); ++bucket) {
                if (of_pair[bucket] > 0) {
                    cells.at(type, owner).set(bucket);
                }
            }
        }
    };
    note(shown.by_expiry, inventory_.by_expiry);
    note(shown.unscoped, inventory_.unscoped);
    note(shown.privileged, inventory_.privileged);
    note(shown.by_last_use, inventory_.by_last_use);
    note(shown.by_age, inventory_.by_age);
    for (const auto& [type, owner] : type_pairs) {
        for (std::size_t place = 0; place < finding_count; ++place) {
            if (is_natural(type, owner) || inventory_.at_risk[place].at(type, owner) > 0) {
                shown.at_risk.at(type, owner).set(place);
            }
        }
        if (is_natural(type, owner)) {
            // The last bucket is `unknown`, which Datadog's own dates never are.
            for (std::size_t bucket = 0; bucket + 1 < rules_.expiry.size(); ++bucket) {
                shown.by_expiry.at(type, owner).set(bucket);
            }
        }
    }
}

void InventoryBuilder::note_for_churn(const Token& token, std::uint32_t scopes_hash) {
    const std::uint64_t id_hash = base::text_hash(token.id, rules_.census_key);
    entries_.push_back({id_hash, scopes_hash, token.type});
    const auto& created = token.created_at.moment();
    if (previous_ && (!created || *created >= previous_->began)) {
        newcomers_.push_back(id_hash);
    }
}

}  // namespace exporter::inventory
