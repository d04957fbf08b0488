#include "inventory/label_text.h"
#include "state/state_file.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <set>
#include <string_view>

namespace exporter::state {

namespace {

using inventory::ByBucket;
using inventory::Count;
using inventory::Inventory;
using inventory::ScopeGrants;
using inventory::TokenDetail;

bool has_buckets(const ByBucket& table, std::size_t buckets) {
    return std::all_of(table.begin(), table.end(),
                       [buckets](const std::vector<Count>& counts) { return counts.size() == buckets; });
}

Count sum_of(const ByBucket& table) {
    Count sum = 0;
    for (const std::vector<Count>& counts : table) {
        sum = std::accumulate(counts.begin(), counts.end(), sum);
    }
    return sum;
}

bool is_label(std::string_view text) {
    return inventory::label_text(text) == text;
}

bool are_bucket_names(const std::vector<std::string>& names) {
    const std::set<std::string_view> distinct(names.begin(), names.end());
    return distinct.size() == names.size() && std::all_of(names.begin(), names.end(), is_label);
}

bool scopes_hold(const Inventory& inventory) {
    const auto& rows = inventory.scope_grants;
    const auto twice_or_disordered = [](const ScopeGrants& left, const ScopeGrants& right) {
        return left.scope >= right.scope;
    };
    const auto has_buckets_or_none = [&inventory](const std::vector<Count>& counts) {
        return counts.empty() || counts.size() == inventory.expiry_buckets.size();
    };
    const auto holds = [&has_buckets_or_none](const ScopeGrants& row) {
        return is_label(row.scope) && std::all_of(row.grants.begin(), row.grants.end(), has_buckets_or_none);
    };
    return std::adjacent_find(rows.begin(), rows.end(), twice_or_disordered) == rows.end() &&
           std::all_of(rows.begin(), rows.end(), holds);
}

bool details_hold(const std::vector<TokenDetail>& details) {
    std::set<std::string_view> ids;
    return std::all_of(details.begin(), details.end(), [&ids](const TokenDetail& detail) {
        return is_label(detail.id) && is_label(detail.name) && is_label(detail.owner_id) &&
               ids.insert(detail.id).second;
    });
}

bool census_holds(const OrganizationState& state) {
    const Inventory& inventory = *state.inventory;
    if (!state.census) {
        return !state.listing.complete && inventory.churn == inventory::Churn{};
    }
    return state.census->churn == inventory.churn &&
           (!state.listing.complete || state.census->entries.size() == inventory.tokens);
}

}  // namespace

const char* broken_invariant(const OrganizationState& state) {
    const Inventory& inventory = *state.inventory;
    const std::size_t expiry = inventory.expiry_buckets.size();
    if (state.name.empty()) {
        return "an organization has no name";
    }
    if (!are_bucket_names(inventory.expiry_buckets) || !are_bucket_names(inventory.last_used_buckets) ||
        !are_bucket_names(inventory.age_buckets)) {
        return "the names of buckets are not distinct labels";
    }
    if (!has_buckets(inventory.by_expiry, expiry) || !has_buckets(inventory.unscoped, expiry) ||
        !has_buckets(inventory.privileged, expiry) ||
        !has_buckets(inventory.by_last_use, inventory.last_used_buckets.size()) ||
        !has_buckets(inventory.by_age, inventory.age_buckets.size())) {
        return "counts don't have the buckets that are named";
    }
    if (sum_of(inventory.by_expiry) != inventory.tokens ||
        sum_of(inventory.by_last_use) != inventory.tokens || sum_of(inventory.by_age) != inventory.tokens ||
        state.listing.tokens != inventory.tokens) {
        return "counts don't add up to the tokens";
    }
    if (!scopes_hold(inventory)) {
        return "scopes are not distinct labels in order, or lack buckets";
    }
    if (!details_hold(inventory.details)) {
        return "tokens in detail are not distinct labels";
    }
    if (!census_holds(state)) {
        return "census and counts are not of the same listings";
    }
    return nullptr;
}

}  // namespace exporter::state
