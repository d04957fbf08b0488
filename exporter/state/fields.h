// Which fields a stored struct has, and in what order they are in the file: one description for writing and
// reading. Each names all members of its struct: one that gains a member does not compile until it has been
// added here.
//
// A change here changes the file: raise `format_version` (codec.h).
#pragma once

#include "inventory/census.h"
#include "inventory/inventory.h"
#include "scan/listing.h"

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace exporter::state {

/// `T` or `const T`.
template <class Given, class T>
concept Is = std::same_as<std::remove_const_t<Given>, T>;

template <class>
inline constexpr bool is_by_owner = false;
template <class T>
inline constexpr bool is_by_owner<inventory::ByOwner<T>> = true;
template <class Given>
concept IsByOwner = is_by_owner<std::remove_const_t<Given>>;

template <class Archive>
void fields(Archive& archive, IsByOwner auto& table) {
    for (std::size_t type = 0; type < datadog::token_type_count; ++type) {
        for (std::size_t owner = 0; owner < datadog::owner_type_count; ++owner) {
            archive(table.at(static_cast<datadog::TokenType>(type), static_cast<datadog::OwnerType>(owner)));
        }
    }
}

template <class Archive>
void fields(Archive& archive, Is<scan::Listing> auto& listing) {
    auto& [complete, tokens, duplicates, reported_tokens, as_of, began] = listing;
    archive(complete, tokens, duplicates, reported_tokens, as_of, began);
}

template <class Archive>
void fields(Archive& archive, Is<inventory::Churn> auto& churn) {
    auto& [created, removed, scope_changes, late] = churn;
    archive(created, removed, scope_changes, late);
}

template <class Archive>
void fields(Archive& archive, Is<inventory::ScopeGrants> auto& grants) {
    auto& [scope, counts] = grants;
    archive(scope, counts);
}

template <class Archive>
void fields(Archive& archive, Is<inventory::TokenDetail> auto& detail) {
    auto& [id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at] = detail;
    archive(id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at);
}

template <class Archive>
void fields(Archive& archive, Is<inventory::Inventory> auto& inventory) {
    auto& [as_of, tokens, expiry_buckets, last_used_buckets, age_buckets, by_expiry, unscoped, privileged,
           by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants, distinct_scopes, folded_scopes,
           next_expiry, oldest_creation, credential_expiry, details, details_omitted, churn,
           distinct_owners] = inventory;
    archive(as_of, tokens, expiry_buckets, last_used_buckets, age_buckets, by_expiry, unscoped, privileged,
            by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants, distinct_scopes,
            folded_scopes, next_expiry, oldest_creation, credential_expiry, details, details_omitted, churn,
            distinct_owners);
}

/// Hashes are spread over all their bits, which varints would only make longer.
template <class Archive>
void fields(Archive& archive, Is<inventory::CensusEntry> auto& entry) {
    auto& [id_hash, scopes_hash, type] = entry;
    archive.fixed(id_hash);
    archive.fixed(scopes_hash);
    archive(type);
}

/// A census has no members to name: these are what it is made of.
template <class Archive>
void census_fields(Archive& archive, auto& entries, auto& began, auto& churn) {
    archive(entries, began, churn);
}

}  // namespace exporter::state
