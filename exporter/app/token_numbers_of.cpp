#include "app/token_numbers_of.h"

#include "web/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

namespace exporter::app {

namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::Risk;

std::string meaning(Risk risk, const inventory::Rules& rules) {
    switch (risk) {
        case Risk::never_expires:
            return "never expire";
        case Risk::never_expires_privileged:
            return "never expire and have a privileged scope";
        case Risk::unused:
            return fmt::format("have not been used for {}", web::length_text(rules.max_idle));
        case Risk::unused_privileged:
            return fmt::format("have not been used for {} and have a privileged scope",
                               web::length_text(rules.max_idle));
        case Risk::lifetime_over_policy:
            return fmt::format("live longer than {} in all", web::length_text(rules.max_lifetime));
        case Risk::expired_still_listed:
            return "have expired and are still listed";
        case Risk::leaked:
            break;
    }
    return "are reported as leaked";
}

/// The ends of the scheme have names of their own, whatever the bounds are.
web::BucketKind kind_of(std::size_t bucket, std::size_t buckets) {
    if (bucket == 0) {
        return web::BucketKind::expired;
    }
    if (bucket + 1 == buckets) {
        return web::BucketKind::unreadable;
    }
    return bucket + 2 == buckets ? web::BucketKind::never : web::BucketKind::ahead;
}

web::TypeCounts counts_of(TokenType type, const inventory::Inventory& inventory) {
    web::TypeCounts counted{std::string(datadog::label(type)),
                            std::vector<std::uint64_t>(inventory.expiry_buckets.size())};
    for (const OwnerType owner : datadog::owner_types) {
        const auto& counts = inventory.by_expiry.at(type, owner);
        std::transform(counts.begin(), counts.end(), counted.counts.begin(), counted.counts.begin(),
                       std::plus<>());
    }
    return counted;
}

std::uint64_t at_risk(Risk risk, const inventory::Inventory& inventory) {
    const auto& counts = inventory.at_risk.at(static_cast<std::size_t>(risk));
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

web::TokenNumbers token_numbers_of(const inventory::Inventory& inventory, const scan::Listing& listing,
                                   const inventory::Rules& rules, bool lists_everything) {
    web::TokenNumbers numbers;
    numbers.as_of = inventory.as_of;
    numbers.tokens = inventory.tokens;
    const std::size_t buckets = inventory.expiry_buckets.size();
    for (std::size_t i = 0; i < buckets; ++i) {
        numbers.buckets.push_back({inventory.expiry_buckets[i], kind_of(i, buckets)});
    }
    for (const TokenType type : datadog::token_types) {
        numbers.types.push_back(counts_of(type, inventory));
    }
    for (const auto& [risk, name, applies] : inventory::findings) {
        const bool known = risk != Risk::leaked || inventory.leaks_reported;
        numbers.findings.push_back({std::string(name), meaning(risk, rules),
                                    known ? std::optional(at_risk(risk, inventory)) : std::nullopt});
    }
    numbers.complete = listing.complete;
    numbers.reported = listing.reported_tokens;
    numbers.duplicates = listing.duplicates;
    numbers.one_owner = lists_everything && inventory.distinct_owners == 1 && inventory.tokens > 1;
    numbers.credential_expiry = inventory.credential_expiry;
    return numbers;
}

}  // namespace exporter::app
