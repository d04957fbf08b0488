#include "inventory/scope_table.h"

#include "base/text_hash.h"
#include "inventory/label_text.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace exporter::inventory {

namespace {

constexpr std::string_view folded_name = "other";

std::uint32_t mixed(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

}  // namespace

ScopeTable::ScopeTable(const std::set<std::string>& privileged, std::size_t expiry_buckets,
                       std::size_t max_scopes, const base::HashKey& census_key)
    : privileged_(privileged),
      expiry_buckets_(expiry_buckets),
      max_scopes_(max_scopes),
      census_key_(census_key),
      grants_(ByBucket::size * expiry_buckets) {}

ScopeTable::Counted ScopeTable::add(std::span<const std::string_view> scopes, datadog::TokenType token,
                                    datadog::OwnerType owner, std::size_t expiry_bucket) {
    Counted counted;
    ++tokens_;
    std::vector<std::uint32_t>& grants =
        grants_[ByBucket::index(token, owner) * expiry_buckets_ + expiry_bucket];
    for (const std::string_view text : scopes) {
        const std::optional<ScopeId> known = intern(text);
        if (!known) {
            counted.too_many = true;
            return counted;
        }
        const ScopeId id = *known;
        Scope& scope = scopes_[id];
        if (scope.last_token == tokens_) {
            continue;
        }
        scope.last_token = tokens_;
        ++scope.tokens;
        if (grants.size() <= id) {
            grants.resize(scopes_.size());
        }
        ++grants[id];
        counted.privileged = counted.privileged || scope.privileged;
        counted.set_hash += scope.hash;
    }
    return counted;
}

std::optional<ScopeTable::ScopeId> ScopeTable::intern(std::string_view scope) {
    if (const auto known = ids_.find(scope); known != ids_.end()) {
        return known->second;
    }
    if (!is_plain_label(scope)) {
        // Counted under the name it is published by: two names that are cut to the same one are one series.
        const std::string clean = label_text(scope);
        if (clean != scope) {
            return intern(clean);
        }
    }
    if (scopes_.size() >= max_scopes_) {
        return std::nullopt;
    }
    const auto id = static_cast<ScopeId>(scopes_.size());
    const std::string name(scope);
    scopes_.push_back({name, privileged_.contains(name), mixed(base::text_hash(scope, census_key_)), 0, 0});
    ids_.emplace(name, id);
    return id;
}

std::vector<bool> ScopeTable::choose_folded(std::size_t limit) const {
    std::vector<ScopeId> order(scopes_.size());
    std::iota(order.begin(), order.end(), ScopeId{0});
    std::sort(order.begin(), order.end(), [this](ScopeId left, ScopeId right) {
        const Scope& a = scopes_[left];
        const Scope& b = scopes_[right];
        return a.tokens != b.tokens ? a.tokens > b.tokens : a.name < b.name;
    });
    std::vector<bool> folded(scopes_.size(), false);
    for (std::size_t place = limit; place < order.size(); ++place) {
        folded[order[place]] = true;
    }
    return folded;
}

void ScopeTable::write(Inventory& inventory, std::size_t limit) const {
    const std::vector<bool> folded = choose_folded(limit);
    inventory.distinct_scopes = scopes_.size();
    inventory.folded_scopes = static_cast<Count>(std::count(folded.begin(), folded.end(), true));

    // A scope that is really called `other` shares the series of the folded ones: there can be only one.
    std::map<std::string_view, ByBucket> rows;
    std::vector<ByBucket*> row_of;
    row_of.reserve(scopes_.size());
    for (ScopeId id = 0; id < scopes_.size(); ++id) {
        row_of.push_back(&rows[folded[id] ? folded_name : scopes_[id].name]);
    }
    for (std::size_t combination = 0; combination < grants_.size(); ++combination) {
        const std::vector<std::uint32_t>& counts = grants_[combination];
        const auto [token, owner] = type_pairs[combination / expiry_buckets_];
        for (std::size_t id = 0; id < counts.size(); ++id) {
            if (counts[id] == 0) {
                continue;
            }
            std::vector<Count>& buckets = row_of[id]->at(token, owner);
            buckets.resize(expiry_buckets_);
            buckets[combination % expiry_buckets_] += counts[id];
        }
    }
    inventory.scope_grants.reserve(rows.size());
    for (auto& [scope, grants] : rows) {
        inventory.scope_grants.push_back({std::string(scope), std::move(grants)});
    }
}

}  // namespace exporter::inventory
