#include "inventory/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

namespace exporter::inventory {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<std::pair<std::string, Count>> grants(const Inventory& inventory) {
    std::vector<std::pair<std::string, Count>> grants;
    for (const ScopeGrants& scope : inventory.scope_grants) {
        grants.emplace_back(scope.scope, sum(scope.grants));
    }
    return grants;
}

Rules limited_to(std::size_t limit) {
    Rules rules = test_rules();
    rules.scope_limit = limit;
    return rules;
}

TEST(ScopeGrants, ATokenCountsOnceForEachDistinctScope) {
    const Inventory inventory =
        count({{.id = "1", .scopes = {"b", "a", "b", "b"}}, {.id = "2", .scopes = {"b"}}});

    EXPECT_THAT(grants(inventory), ElementsAre(Pair("a", 1U), Pair("b", 2U)));
    EXPECT_EQ(inventory.distinct_scopes, 2U);
    EXPECT_EQ(inventory.folded_scopes, 0U);
}

TEST(ScopeGrants, AreBrokenDownLikeTheTokens) {
    const Inventory inventory =
        count({{.id = "1", .expires_at = Date::none(), .scopes = {"a"}}, {.id = "2", .scopes = {"a"}}});

    const auto& cells = inventory.scope_grants.at(0).grants.at(TokenType::personal, OwnerType::user);
    EXPECT_EQ(in_bucket(inventory.expiry_buckets, cells, "never"), 1U);
    EXPECT_EQ(in_bucket(inventory.expiry_buckets, cells, "7d_to_30d"), 1U);
}

TEST(ScopeGrants, OverTheLimitTheRarestFoldIntoOther) {
    const Inventory inventory = count({{.id = "1", .scopes = {"common", "rare_1", "rare_2"}},
                                       {.id = "2", .scopes = {"common", "second"}},
                                       {.id = "3", .scopes = {"second"}}},
                                      limited_to(2));

    EXPECT_THAT(grants(inventory), ElementsAre(Pair("common", 2U), Pair("other", 2U), Pair("second", 2U)));
    EXPECT_EQ(inventory.distinct_scopes, 4U);
    EXPECT_EQ(inventory.folded_scopes, 2U);
}

TEST(ScopeGrants, BreakTiesByName) {
    const Inventory inventory = count({{.scopes = {"c", "a", "b"}}}, limited_to(1));

    EXPECT_THAT(grants(inventory), ElementsAre(Pair("a", 1U), Pair("other", 2U)));
}

TEST(ScopeGrants, AScopeNamedOtherJoinsTheFoldedSeries) {
    const Inventory inventory =
        count({{.id = "1", .scopes = {"other", "x"}}, {.id = "2", .scopes = {"other"}}}, limited_to(1));

    EXPECT_THAT(grants(inventory), ElementsAre(Pair("other", 3U)));
}

TEST(ScopeGrants, AtALimitOfZeroAllFold) {
    EXPECT_THAT(grants(count({{.scopes = {"a", "b"}}}, limited_to(0))), ElementsAre(Pair("other", 2U)));
}

TEST(ScopeGrants, MergeNamesWithTheSameLabel) {
    const Inventory inventory = count({{.id = "1",
                                        .scopes = {"a\nb",
                                                   "a\x01"
                                                   "b"}}});

    EXPECT_THAT(grants(inventory), ElementsAre(Pair("a\xEF\xBF\xBD"
                                                    "b",
                                                    1U)));
    EXPECT_EQ(inventory.distinct_scopes, 1U);
}

/// Adds a token with these scopes.
std::optional<ScopeTable::Counted> add_to(ScopeTable& table, const std::vector<std::string_view>& scopes) {
    datadog::Token token;
    token.scopes = scopes;
    return table.add(token, 0, false);
}

TEST(ScopeTable, CountsNoMoreDistinctScopesThanItMay) {
    Rules rules = test_rules();
    rules.max_scopes = 2;
    ScopeTable table(rules);

    EXPECT_TRUE(add_to(table, {"a", "b", "a"}));
    EXPECT_TRUE(add_to(table, {"b"}));
    EXPECT_FALSE(add_to(table, {"a", "c"}));
}

TEST(InventoryBuilder, RefusesATokenAboveTheScopeLimit) {
    Rules rules = test_rules();
    rules.max_scopes = 2;
    InventoryBuilder builder(rules, now, nullptr);

    EXPECT_TRUE(add(builder, {.id = "1", .scopes = {"a", "b"}}));
    EXPECT_TRUE(add(builder, {.id = "2", .scopes = {"b"}}));
    EXPECT_FALSE(add(builder, {.id = "3", .scopes = {"c"}}));
}

TEST(ScopeTable, TheSetsHashDependsOnItsKey) {
    const auto hash = [](base::HashKey key) {
        Rules rules = test_rules();
        rules.census_key = key;
        ScopeTable table(rules);
        return add_to(table, {"a"})->set_hash;
    };

    EXPECT_EQ(hash({1, 2}), hash({1, 2}));
    EXPECT_NE(hash({1, 2}), hash({2, 1}));
}

TEST(ScopeTable, TheSetsHashDoesNotDependOnOrderOrRepeats) {
    const Rules rules = test_rules();
    ScopeTable table(rules);
    const auto hash = [&table](const std::vector<std::string_view>& scopes) {
        return add_to(table, scopes)->set_hash;
    };

    EXPECT_EQ(hash({"a", "b", "c"}), hash({"c", "a", "b", "a"}));
    EXPECT_NE(hash({"a", "b"}), hash({"a", "c"}));
    EXPECT_NE(hash({"a"}), hash({}));
}

}  // namespace
}  // namespace exporter::inventory
