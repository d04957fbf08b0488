#include "metrics/families.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace exporter::metrics {

namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::ByBucket;
using inventory::ByOwner;
using inventory::Count;
using inventory::Inventory;
using inventory::Risk;
using inventory::TokenDetail;

constexpr std::array<TokenType, datadog::token_type_count> token_types = {
    TokenType::personal, TokenType::service, TokenType::other};
constexpr std::array<OwnerType, datadog::owner_type_count> owner_types = {
    OwnerType::user, OwnerType::service_account, OwnerType::other, OwnerType::unknown};

/// Known values are published even as zero, so that a query has an answer; the odd ones only where there are
/// any.
constexpr bool is_zero_filled(TokenType token) {
    return token != TokenType::other;
}
constexpr bool is_zero_filled(TokenType token, OwnerType owner) {
    return is_zero_filled(token) && (owner == OwnerType::user || owner == OwnerType::service_account);
}

double number(Count count) {
    return static_cast<double>(count);
}

/// Calls `visit` for each pair of token type and owner type, in publishing order.
template <class Visit>
void for_each_pair(const Visit& visit) {
    for (const TokenType token : token_types) {
        for (const OwnerType owner : owner_types) {
            visit(token, owner);
        }
    }
}

void write_by_bucket(const std::string& org, const ByBucket& counts, const std::vector<std::string>& buckets,
                     FamilyBuilder& family) {
    family.reserve_more(ByBucket::size * buckets.size());
    for_each_pair([&](TokenType token, OwnerType owner) {
        const std::vector<Count>& of_pair = counts.at(token, owner);
        for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
            const Count count = bucket < of_pair.size() ? of_pair[bucket] : 0;
            if (count != 0 || is_zero_filled(token, owner)) {
                family.add({org, label(token), label(owner), buckets[bucket]}, number(count));
            }
        }
    });
}

void write_tokens(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_bucket(snapshot.org, snapshot.inventory->by_expiry, snapshot.inventory->expiry_buckets, family);
}

void write_unscoped(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_bucket(snapshot.org, snapshot.inventory->unscoped, snapshot.inventory->expiry_buckets, family);
}

void write_privileged(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_bucket(snapshot.org, snapshot.inventory->privileged, snapshot.inventory->expiry_buckets, family);
}

void write_by_last_use(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_bucket(snapshot.org, snapshot.inventory->by_last_use, snapshot.inventory->last_used_buckets,
                    family);
}

void write_by_age(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_bucket(snapshot.org, snapshot.inventory->by_age, snapshot.inventory->age_buckets, family);
}

/// Calls `visit` for each count of `grants` that is not zero.
template <class Visit>
void for_each_grant(const ByBucket& grants, const Visit& visit) {
    for_each_pair([&](TokenType token, OwnerType owner) {
        const std::vector<Count>& of_pair = grants.at(token, owner);
        for (std::size_t bucket = 0; bucket < of_pair.size(); ++bucket) {
            if (of_pair[bucket] != 0) {
                visit(token, owner, bucket, of_pair[bucket]);
            }
        }
    });
}

void write_scope_grants(const Snapshot& snapshot, FamilyBuilder& family) {
    const Inventory& inventory = *snapshot.inventory;
    std::size_t series = 0;  // by far the largest family: counted first, so that it is allocated once
    for (const inventory::ScopeGrants& scope : inventory.scope_grants) {
        for_each_grant(scope.grants, [&](TokenType, OwnerType, std::size_t, Count) { ++series; });
    }
    family.reserve_more(series);
    for (const inventory::ScopeGrants& scope : inventory.scope_grants) {
        for_each_grant(scope.grants, [&](TokenType token, OwnerType owner, std::size_t bucket, Count count) {
            family.add(
                {snapshot.org, scope.scope, label(token), label(owner), inventory.expiry_buckets[bucket]},
                number(count));
        });
    }
}

void write_at_risk(const Snapshot& snapshot, FamilyBuilder& family) {
    for (std::size_t i = 0; i < inventory::risk_count; ++i) {
        const auto risk = static_cast<Risk>(i);
        if (risk == Risk::leaked && !snapshot.inventory->leaks_reported) {
            continue;  // unknown is not zero
        }
        const ByOwner<Count>& counts = snapshot.inventory->at_risk[i];
        for_each_pair([&](TokenType token, OwnerType owner) {
            const Count count = counts.at(token, owner);
            if (count != 0 || is_zero_filled(token, owner)) {
                family.add({snapshot.org, label(risk), label(token), label(owner)}, number(count));
            }
        });
    }
}

void write_by_owner(const std::string& org, const ByOwner<Count>& counts, FamilyBuilder& family) {
    for_each_pair([&](TokenType token, OwnerType owner) {
        const Count count = counts.at(token, owner);
        if (count != 0 || is_zero_filled(token, owner)) {
            family.add({org, label(token), label(owner)}, number(count));
        }
    });
}

void write_leaked(const Snapshot& snapshot, FamilyBuilder& family) {
    if (snapshot.inventory->leaks_reported) {
        write_by_owner(snapshot.org, snapshot.inventory->at_risk[static_cast<std::size_t>(Risk::leaked)],
                       family);
    }
}

void write_owners(const Snapshot& snapshot, FamilyBuilder& family) {
    write_by_owner(snapshot.org, snapshot.inventory->owners, family);
}

void write_scopes(const Snapshot& snapshot, FamilyBuilder& family) {
    family.add({snapshot.org}, number(snapshot.inventory->distinct_scopes));
}

void write_scopes_folded(const Snapshot& snapshot, FamilyBuilder& family) {
    family.add({snapshot.org}, number(snapshot.inventory->folded_scopes));
}

void write_moments(const std::string& org, const ByOwner<std::optional<base::Timestamp>>& moments,
                   FamilyBuilder& family) {
    for_each_pair([&](TokenType token, OwnerType owner) {
        if (const auto& moment = moments.at(token, owner)) {
            family.add({org, label(token), label(owner)}, unix_seconds(*moment));
        }
    });
}

void write_next_expiry(const Snapshot& snapshot, FamilyBuilder& family) {
    write_moments(snapshot.org, snapshot.inventory->next_expiry, family);
}

void write_oldest_creation(const Snapshot& snapshot, FamilyBuilder& family) {
    write_moments(snapshot.org, snapshot.inventory->oldest_creation, family);
}

void write_churn(const std::string& org, const std::array<Count, datadog::token_type_count>& counts,
                 FamilyBuilder& family) {
    for (const TokenType token : token_types) {
        const Count count = counts[static_cast<std::size_t>(token)];
        if (count != 0 || is_zero_filled(token)) {
            family.add({org, label(token)}, number(count));
        }
    }
}

void write_created(const Snapshot& snapshot, FamilyBuilder& family) {
    write_churn(snapshot.org, snapshot.inventory->churn.created, family);
}

void write_removed(const Snapshot& snapshot, FamilyBuilder& family) {
    write_churn(snapshot.org, snapshot.inventory->churn.removed, family);
}

void write_scope_changes(const Snapshot& snapshot, FamilyBuilder& family) {
    write_churn(snapshot.org, snapshot.inventory->churn.scope_changes, family);
}

void write_credential_expiry(const Snapshot& snapshot, FamilyBuilder& family) {
    if (const auto& expiry = snapshot.inventory->credential_expiry) {
        family.add({snapshot.org}, unix_seconds(*expiry));
    }
}

/// One series for each token of the detail that has the date `moment`.
template <std::optional<base::Timestamp> TokenDetail::* moment>
void write_detail(const Snapshot& snapshot, FamilyBuilder& family) {
    family.reserve_more(snapshot.inventory->details.size());
    for (const TokenDetail& token : snapshot.inventory->details) {
        if (const auto& at = token.*moment) {
            family.add({snapshot.org, token.id, token.name, label(token.type), label(token.owner_type),
                        token.owner_id},
                       unix_seconds(*at));
        }
    }
}

constexpr FamilyWriter inventory_table[] = {
    {"datadog_access_tokens", write_tokens},
    {"datadog_access_token_scope_grants", write_scope_grants},
    {"datadog_access_tokens_unscoped", write_unscoped},
    {"datadog_access_tokens_privileged", write_privileged},
    {"datadog_access_tokens_by_last_use", write_by_last_use},
    {"datadog_access_tokens_by_age", write_by_age},
    {"datadog_access_tokens_at_risk", write_at_risk},
    {"datadog_access_tokens_leaked", write_leaked},
    {"datadog_access_token_owners", write_owners},
    {"datadog_access_token_scopes", write_scopes},
    {"datadog_access_token_scopes_folded", write_scopes_folded},
    {"datadog_access_token_next_expiry_timestamp_seconds", write_next_expiry},
    {"datadog_access_token_oldest_creation_timestamp_seconds", write_oldest_creation},
    {"datadog_access_tokens_created_total", write_created},
    {"datadog_access_tokens_removed_total", write_removed},
    {"datadog_access_tokens_scope_changes_total", write_scope_changes},
    {"datadog_access_token_credential_expiry_timestamp_seconds", write_credential_expiry},
    {"datadog_access_token_expiry_timestamp_seconds", write_detail<&TokenDetail::expires_at>},
    {"datadog_access_token_last_used_timestamp_seconds", write_detail<&TokenDetail::last_used_at>},
    {"datadog_access_token_created_timestamp_seconds", write_detail<&TokenDetail::created_at>},
};

}  // namespace

std::span<const FamilyWriter> inventory_writers() {
    return inventory_table;
}

}  // namespace exporter::metrics
