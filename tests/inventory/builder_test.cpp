#include "inventory/tokens.h"

#include <gtest/gtest.h>

namespace exporter::inventory {
namespace {

TEST(Inventory, CountsATokenOnceByTypeOwnerAndExpiry) {
    const Inventory inventory = count({{.id = "a"},
                                       {.id = "b",
                                        .type = TokenType::service,
                                        .owner_type = OwnerType::service_account,
                                        .expires_at = Date::none()}});

    EXPECT_EQ(inventory.tokens, 2U);
    EXPECT_EQ(sum(inventory.by_expiry), 2U);
    EXPECT_EQ(in_bucket(inventory.expiry_buckets,
                        inventory.by_expiry.at(TokenType::personal, OwnerType::user), "7d_to_30d"),
              1U);
    EXPECT_EQ(in_bucket(inventory.expiry_buckets,
                        inventory.by_expiry.at(TokenType::service, OwnerType::service_account), "never"),
              1U);
}

TEST(Inventory, AnUnreadableExpiryIsUnknownAndNeverNever) {
    const Inventory inventory = count({{.expires_at = Date::unreadable()}});

    EXPECT_EQ(in_bucket(inventory.expiry_buckets,
                        inventory.by_expiry.at(TokenType::personal, OwnerType::user), "unknown"),
              1U);
    EXPECT_EQ(at_risk(inventory, Risk::never_expires), 0U);
}

TEST(Inventory, UnscopedAreTokensThatListNoScope) {
    const Inventory inventory = count({{.id = "none", .scopes = {}},
                                       {.id = "one"},
                                       {.id = "unreadable", .scopes = {}, .scopes_readable = false}});

    EXPECT_EQ(sum(inventory.unscoped), 1U);
}

TEST(Inventory, APrivilegedTokenCountsOnceHoweverManyPrivilegesItHas) {
    const Inventory inventory = count(
        {{.id = "a", .scopes = {"org_management", "user_access_manage", "x"}}, {.id = "b", .scopes = {"x"}}});

    EXPECT_EQ(sum(inventory.privileged), 1U);
}

TEST(Inventory, OwnersAreCountedOncePerPairOfTypes) {
    const Inventory inventory = count({{.id = "a", .owner_id = "x"},
                                       {.id = "b", .owner_id = "x"},
                                       {.id = "c", .owner_id = "y"},
                                       {.id = "d", .type = TokenType::service, .owner_id = "x"},
                                       {.id = "e", .owner_id = ""}});

    EXPECT_EQ(inventory.owners.at(TokenType::personal, OwnerType::user), 2U);
    EXPECT_EQ(inventory.owners.at(TokenType::service, OwnerType::user), 1U);
    EXPECT_EQ(inventory.distinct_owners, 2U);
}

TEST(Inventory, TheNextExpiryIsAheadAndTheOldestCreationIsTheFirst) {
    const Inventory inventory = count({{.id = "a", .created_at = ago(5 * day), .expires_at = ahead(9 * day)},
                                       {.id = "b", .created_at = ago(7 * day), .expires_at = ahead(3 * day)},
                                       {.id = "c", .created_at = ago(6 * day), .expires_at = ago(day)},
                                       {.id = "d", .created_at = Date::none(), .expires_at = Date::none()}});

    EXPECT_EQ(inventory.next_expiry.at(TokenType::personal, OwnerType::user), now + 3 * day);
    EXPECT_EQ(inventory.oldest_creation.at(TokenType::personal, OwnerType::user), now - 7 * day);
    EXPECT_EQ(inventory.next_expiry.at(TokenType::service, OwnerType::user), std::nullopt);
}

TEST(Inventory, ATokenWithoutACreationThatCanBeRightHasNoAgeAndNoLifetimeAndIsNotTheOldest) {
    for (const Date created : {Date::none(), Date::unreadable()}) {
        const Inventory inventory =
            count({{.created_at = created, .expires_at = ahead(5000 * day), .last_used_at = Date::none()}});

        EXPECT_EQ(in_bucket(inventory.age_buckets, inventory.by_age.at(TokenType::personal, OwnerType::user),
                            "unknown"),
                  1U);
        EXPECT_EQ(inventory.oldest_creation.at(TokenType::personal, OwnerType::user), std::nullopt);
        EXPECT_EQ(at_risk(inventory, Risk::lifetime_over_policy), 0U);
        EXPECT_EQ(at_risk(inventory, Risk::unused), 0U);
    }
}

TEST(Inventory, LeaksAreUnknownUntilATokenSaysSomethingAboutThem) {
    EXPECT_FALSE(count({{.leak = Leak::unknown}}).leaks_reported);
    EXPECT_TRUE(count({{.leak = Leak::none}}).leaks_reported);
    EXPECT_TRUE(
        count({{.id = "a", .leak = Leak::unknown}, {.id = "b", .leak = Leak::leaked}}).leaks_reported);
}

struct RiskCase {
    std::string name;
    TestToken token;
    std::vector<Risk> risks;
};

class Risks : public testing::TestWithParam<RiskCase> {};

TEST_P(Risks, AreJustThese) {
    const Inventory inventory = count({GetParam().token});

    for (std::size_t i = 0; i < risk_count; ++i) {
        const auto risk = static_cast<Risk>(i);
        const bool expected =
            std::find(GetParam().risks.begin(), GetParam().risks.end(), risk) != GetParam().risks.end();
        EXPECT_EQ(at_risk(inventory, risk), expected ? 1U : 0U) << label(risk);
    }
}

const std::vector<std::string> privileged = {"org_management"};

INSTANTIATE_TEST_SUITE_P(
    Tokens, Risks,
    testing::Values(
        RiskCase{"AnOrdinaryOne", {}, {}},
        RiskCase{"NeverExpires", {.expires_at = Date::none()}, {Risk::never_expires}},
        RiskCase{"NeverExpiresPrivileged",
                 {.expires_at = Date::none(), .scopes = privileged},
                 {Risk::never_expires, Risk::never_expires_privileged}},
        RiskCase{"UnreadableExpiry", {.expires_at = Date::unreadable(), .scopes = privileged}, {}},
        RiskCase{"IdleForJustThePolicy", {.created_at = ago(200 * day), .last_used_at = ago(90 * day)}, {}},
        RiskCase{"IdleForLonger",
                 {.created_at = ago(200 * day), .last_used_at = ago(90 * day + std::chrono::seconds(1))},
                 {Risk::unused}},
        RiskCase{"NeverUsedButNew", {.created_at = ago(10 * day), .last_used_at = Date::none()}, {}},
        RiskCase{
            "NeverUsedAndOld", {.created_at = ago(91 * day), .last_used_at = Date::none()}, {Risk::unused}},
        RiskCase{
            "NeverUsedOfUnknownAge", {.created_at = Date::unreadable(), .last_used_at = Date::none()}, {}},
        RiskCase{"UnreadableUse", {.created_at = ago(200 * day), .last_used_at = Date::unreadable()}, {}},
        RiskCase{"UnusedPrivileged",
                 {.created_at = ago(200 * day), .last_used_at = ago(100 * day), .scopes = privileged},
                 {Risk::unused, Risk::unused_privileged}},
        RiskCase{"LifetimeOfJustThePolicy", {.created_at = ago(day), .expires_at = ahead(364 * day)}, {}},
        RiskCase{"LifetimeOverThePolicy",
                 {.created_at = ago(day), .expires_at = ahead(364 * day + std::chrono::seconds(1))},
                 {Risk::lifetime_over_policy}},
        RiskCase{"ExpiredStillListed",
                 {.created_at = ago(900 * day), .expires_at = ago(day), .last_used_at = ago(200 * day)},
                 {Risk::expired_still_listed}},
        RiskCase{"Leaked", {.leak = Leak::leaked}, {Risk::leaked}}),
    [](const auto& test) { return test.param.name; });

TEST(Inventory, RecognisesTheExportersOwnTokenAndItsExpiry) {
    Rules rules = test_rules();
    rules.is_own_token = [](std::string_view listed) { return listed == "ddpat_own"; };

    const Inventory found = count({{.id = "a", .expires_at = ahead(3 * day)},
                                   {.id = "b", .public_portion = "ddpat_own", .expires_at = ahead(5 * day)}},
                                  rules);
    const Inventory missing = count({{.id = "a"}}, rules);

    EXPECT_EQ(found.credential_expiry, now + 5 * day);
    EXPECT_EQ(missing.credential_expiry, std::nullopt);
}

}  // namespace
}  // namespace exporter::inventory
