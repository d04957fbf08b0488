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

TEST(Inventory, AnUnreadableExpiryIsUnknownNotNever) {
    const Inventory inventory = count({{.expires_at = Date::unreadable()}});

    EXPECT_EQ(in_bucket(inventory.expiry_buckets,
                        inventory.by_expiry.at(TokenType::personal, OwnerType::user), "unknown"),
              1U);
    EXPECT_EQ(at_risk(inventory, Finding::never_expires), 0U);
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
}

TEST(Inventory, ASingleOwnerIsOneOfTwoTokensOrMore) {
    const TestToken first{.id = "a", .owner_id = "owner-1"};
    const TestToken second{.id = "b", .owner_id = "owner-1"};
    const TestToken of_another{.id = "c", .owner_id = "owner-2"};
    const TestToken without_owner{.id = "d", .owner_type = OwnerType::unknown, .owner_id = ""};

    EXPECT_EQ(count({first, second}).single_owner, true);
    EXPECT_EQ(count({first, second, of_another}).single_owner, false);
    EXPECT_EQ(count({first, second, without_owner}).single_owner, false);
    EXPECT_EQ(count({first}).single_owner, false);
    EXPECT_EQ(count({}).single_owner, false);
}

TEST(Inventory, AFilteredListingSaysNothingAboutASingleOwner) {
    Rules rules = test_rules();
    rules.lists_everything = false;

    EXPECT_EQ(count({{.id = "a"}, {.id = "b"}}, rules).single_owner, std::nullopt);
}

/// Number of cells shown, over all pairs.
std::size_t shown_cells(const ByOwner<Cells>& cells) {
    std::size_t count = 0;
    for (const Cells& of_pair : cells) {
        count += of_pair.count();
    }
    return count;
}

TEST(Shown, IncludesAllFindingsAndKnownExpiriesOfNaturalPairs) {
    const Inventory inventory = count({});

    const std::size_t buckets = inventory.expiry_buckets.size() - 1;
    EXPECT_EQ(shown_cells(inventory.shown.by_expiry), 2 * buckets);
    EXPECT_EQ(inventory.shown.by_expiry.at(TokenType::personal, OwnerType::user).count(), buckets);
    EXPECT_FALSE(inventory.shown.by_expiry.at(TokenType::personal, OwnerType::user).test(buckets));
    EXPECT_EQ(shown_cells(inventory.shown.at_risk), 2 * finding_count);
    EXPECT_EQ(inventory.shown.at_risk.at(TokenType::service, OwnerType::service_account).count(),
              finding_count);
    for (const auto& cells : {inventory.shown.unscoped, inventory.shown.privileged,
                              inventory.shown.by_last_use, inventory.shown.by_age}) {
        EXPECT_EQ(shown_cells(cells), 0U);
    }
}

TEST(Shown, KeepsCellsOnceAboveZero) {
    const Rules rules = test_rules();
    const TestToken odd{.type = TokenType::personal,
                        .owner_type = OwnerType::service_account,
                        .expires_at = Date::none(),
                        .scopes = {"org_management"}};
    InventoryBuilder before(rules, now, nullptr);
    ASSERT_TRUE(add(before, odd));
    const Shown first = std::move(before).build(true, now).inventory.shown;

    const Inventory after = InventoryBuilder(rules, now, nullptr, first).build(true, now).inventory;

    EXPECT_EQ(after.tokens, 0U);
    EXPECT_EQ(after.shown, first);
    const auto of_pair = [&](const ByOwner<Cells>& cells) {
        return cells.at(odd.type, odd.owner_type).count();
    };
    EXPECT_EQ(of_pair(first.by_expiry), 1U);
    EXPECT_EQ(of_pair(first.unscoped), 0U);
    EXPECT_EQ(of_pair(first.privileged), 1U);
    EXPECT_EQ(of_pair(first.by_last_use), 1U);
    EXPECT_EQ(of_pair(first.by_age), 1U);
    EXPECT_EQ(of_pair(first.at_risk), 2U) << "never_expires, never_expires_privileged";
}

TEST(Inventory, FindsTheNextExpiryAndTheOldestCreation) {
    const Inventory inventory = count({{.id = "a", .created_at = ago(5 * day), .expires_at = ahead(9 * day)},
                                       {.id = "b", .created_at = ago(7 * day), .expires_at = ahead(3 * day)},
                                       {.id = "c", .created_at = ago(6 * day), .expires_at = ago(day)},
                                       {.id = "d", .created_at = Date::none(), .expires_at = Date::none()}});

    EXPECT_EQ(inventory.next_expiry.at(TokenType::personal, OwnerType::user), now + 3 * day);
    EXPECT_EQ(inventory.oldest_creation.at(TokenType::personal, OwnerType::user), now - 7 * day);
    EXPECT_EQ(inventory.next_expiry.at(TokenType::service, OwnerType::user), std::nullopt);
}

TEST(Inventory, TheNextExpiryInUseSkipsUnusedTokens) {
    const auto token = [](const char* id, base::Duration left, base::Duration idle) {
        return TestToken{
            .id = id, .created_at = ago(60 * day), .expires_at = ahead(left), .last_used_at = ago(idle)};
    };
    const Inventory inventory = count({token("not used", day, 20 * day), token("later", 5 * day, day),
                                       token("next", 3 * day, day), token("not yet", 9 * day, day)});

    EXPECT_EQ(inventory.next_expiry.at(TokenType::personal, OwnerType::user), now + day);
    EXPECT_EQ(inventory.next_expiry_in_use.at(TokenType::personal, OwnerType::user), now + 3 * day);
    EXPECT_EQ(inventory.next_expiry_in_use.at(TokenType::service, OwnerType::user), std::nullopt);
}

TEST(Inventory, ATokenWithoutACreationDateHasNoAgeOrLifetime) {
    for (const Date created : {Date::none(), Date::unreadable()}) {
        const Inventory inventory =
            count({{.created_at = created, .expires_at = ahead(5000 * day), .last_used_at = Date::none()}});

        EXPECT_EQ(in_bucket(inventory.age_buckets, inventory.by_age.at(TokenType::personal, OwnerType::user),
                            "unknown"),
                  1U);
        EXPECT_EQ(inventory.oldest_creation.at(TokenType::personal, OwnerType::user), std::nullopt);
        EXPECT_EQ(at_risk(inventory, Finding::lifetime_over_policy), 0U);
        EXPECT_EQ(at_risk(inventory, Finding::unused), 0U);
    }
}

TEST(Inventory, LeaksAreUnknownUntilATokenSaysSomethingAboutThem) {
    EXPECT_FALSE(count({{.leak = Leak::unknown}}).leaks_reported);
    EXPECT_TRUE(count({{.leak = Leak::none}}).leaks_reported);
    EXPECT_TRUE(
        count({{.id = "a", .leak = Leak::unknown}, {.id = "b", .leak = Leak::leaked}}).leaks_reported);
}

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
