// Tokens that own their strings, and the rules most tests share.
#pragma once

#include "inventory/builder.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace exporter::inventory {

using base::Timestamp;
using datadog::Date;
using datadog::Leak;
using datadog::OwnerType;
using datadog::TokenType;
using std::chrono::hours;

inline constexpr hours day{24};
inline constexpr Timestamp now{std::chrono::seconds(1'800'000'000)};

inline Date ahead(std::chrono::microseconds distance) {
    return Date::at(now + distance);
}
inline Date ago(std::chrono::microseconds distance) {
    return Date::at(now - distance);
}

/// The fields a test cares about; the rest are those of an ordinary token.
struct TestToken {
    std::string id = "t1";
    TokenType type = TokenType::personal;
    OwnerType owner_type = OwnerType::user;
    std::string owner_id = "owner-1";
    std::string name = "a token";
    std::string public_portion = "ddpat_abc";
    Date created_at = ago(10 * day);
    Date expires_at = ahead(10 * day);
    Date last_used_at = ago(hours(1));
    Leak leak = Leak::none;
    std::vector<std::string> scopes = {"dashboards_read"};
    bool scopes_readable = true;
};

inline bool add(InventoryBuilder& builder, const TestToken& test) {
    std::vector<std::string_view> scopes(test.scopes.begin(), test.scopes.end());
    datadog::Token token;
    token.id = test.id;
    token.name = test.name;
    token.public_portion = test.public_portion;
    token.owner_id = test.owner_id;
    token.type = test.type;
    token.owner_type = test.owner_type;
    token.leak = test.leak;
    token.created_at = test.created_at;
    token.expires_at = test.expires_at;
    token.last_used_at = test.last_used_at;
    token.scopes = scopes;
    token.scopes_readable = test.scopes_readable;
    return builder.add(token);
}

inline Rules test_rules() {
    const std::vector<base::Duration> days = {day, 7 * day, 30 * day, 90 * day};
    const std::vector<base::Duration> expiry = {day, 7 * day, 30 * day, 90 * day, 365 * day};
    return {.expiry = BucketScheme::expiry(expiry),
            .last_used = BucketScheme::last_used(days),
            .age = BucketScheme::age(days),
            .scope_limit = 500,
            .privileged_scopes = {"org_management", "user_access_manage"},
            .policy = {.max_lifetime = 365 * day,
                       .max_idle = 90 * day,
                       .expiry_notice = 7 * day,
                       .active_within = 7 * day,
                       .short_lived = 8 * day},
            .census_key = {},
            .is_own_token = {}};
}

inline InventoryBuilder::Built build(const Rules& rules, const std::vector<TestToken>& tokens,
                                     std::shared_ptr<const Census> previous = nullptr, bool complete = true,
                                     Timestamp began = now) {
    InventoryBuilder builder(rules, now, std::move(previous));
    for (const TestToken& token : tokens) {
        (void)add(builder, token);
    }
    return std::move(builder).build(complete, began);
}

inline Inventory count(const std::vector<TestToken>& tokens, const Rules& rules = test_rules()) {
    return build(rules, tokens).inventory;
}

/// The count for the bucket with this name.
inline Count in_bucket(const std::vector<std::string>& names, const std::vector<Count>& counts,
                       std::string_view name) {
    for (std::size_t i = 0; i < names.size() && i < counts.size(); ++i) {
        if (names[i] == name) {
            return counts[i];
        }
    }
    return 0;
}

inline Count at_risk(const Inventory& inventory, Finding finding, TokenType type = TokenType::personal,
                     OwnerType owner = OwnerType::user) {
    return inventory.at_risk[static_cast<std::size_t>(finding)].at(type, owner);
}

inline Count sum(const ByBucket& counts) {
    Count total = 0;
    for (const std::vector<Count>& of_pair : counts) {
        for (const Count count : of_pair) {
            total += count;
        }
    }
    return total;
}

}  // namespace exporter::inventory
