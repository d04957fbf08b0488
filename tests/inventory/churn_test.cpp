#include "inventory/tokens.h"

#include <gtest/gtest.h>

namespace exporter::inventory {
namespace {

constexpr Timestamp first_began = now - std::chrono::minutes(10);
const Date before_the_first = Date::at(first_began - hours(1));
const Date after_the_first = Date::at(first_began + std::chrono::minutes(1));

Count created(const Churn& churn, TokenType type) {
    return churn.created[static_cast<std::size_t>(type)];
}
Count removed(const Churn& churn, TokenType type) {
    return churn.removed[static_cast<std::size_t>(type)];
}
Count scope_changes(const Churn& churn, TokenType type) {
    return churn.scope_changes[static_cast<std::size_t>(type)];
}

class ChurnBetweenListings : public testing::Test {
  protected:
    std::shared_ptr<const Census> listed(const std::vector<TestToken>& tokens,
                                         std::shared_ptr<const Census> previous = nullptr) {
        return build(rules_, tokens, std::move(previous), true, first_began).census;
    }
    Churn then(const std::vector<TestToken>& tokens, std::shared_ptr<const Census> previous,
               bool complete = true) {
        return build(rules_, tokens, std::move(previous), complete).inventory.churn;
    }

    const Rules rules_ = test_rules();
};

TEST_F(ChurnBetweenListings, TheFirstListingIsNoChurn) {
    EXPECT_EQ(then({{.id = "a"}, {.id = "b"}}, nullptr), Churn{});
}

TEST_F(ChurnBetweenListings, NewTokensAreCreatedAndMissingOnesRemoved) {
    const auto first = listed({{.id = "a"}, {.id = "b", .type = TokenType::service}, {.id = "c"}});

    const Churn churn = then({{.id = "a"},
                              {.id = "d", .created_at = after_the_first},
                              {.id = "e", .type = TokenType::service, .created_at = after_the_first}},
                             first);

    EXPECT_EQ(created(churn, TokenType::personal), 1U);
    EXPECT_EQ(created(churn, TokenType::service), 1U);
    EXPECT_EQ(removed(churn, TokenType::personal), 1U);
    EXPECT_EQ(removed(churn, TokenType::service), 1U);
    EXPECT_EQ(churn.late, 0U);
}

TEST_F(ChurnBetweenListings, ReorderedScopesAreNotAChange) {
    const auto first = listed({{.id = "a", .scopes = {"x", "y"}}, {.id = "b", .scopes = {"x"}}});

    const Churn churn = then({{.id = "a", .scopes = {"y", "x"}}, {.id = "b", .scopes = {"x", "z"}}}, first);

    EXPECT_EQ(scope_changes(churn, TokenType::personal), 1U);
}

TEST_F(ChurnBetweenListings, ATokenOlderThanTheListingThatLackedItIsLate) {
    const auto first = listed({{.id = "a"}});

    const Churn churn = then({{.id = "a"}, {.id = "b", .created_at = before_the_first}}, first);

    EXPECT_EQ(churn.late, 1U);
    EXPECT_EQ(created(churn, TokenType::personal), 0U);
}

TEST_F(ChurnBetweenListings, ATokenWithoutACreationDateIsTakenForNew) {
    const Churn churn = then({{.id = "b", .created_at = Date::none()}}, listed({}));

    EXPECT_EQ(created(churn, TokenType::personal), 1U);
}

TEST_F(ChurnBetweenListings, AddsUpOverListings) {
    const auto first = listed({{.id = "a"}});
    const auto second = listed({{.id = "b", .created_at = after_the_first}}, first);

    const Churn churn = then({{.id = "c", .created_at = Date::at(now)}}, second);

    EXPECT_EQ(created(churn, TokenType::personal), 2U);
    EXPECT_EQ(removed(churn, TokenType::personal), 2U);
}

TEST_F(ChurnBetweenListings, AnIncompleteListingChangesNothing) {
    const auto first = listed({{.id = "a"}, {.id = "b"}});

    const auto incomplete = build(rules_, {{.id = "a"}}, first, false);
    const Churn after = then({{.id = "a"}, {.id = "b"}}, incomplete.census);

    EXPECT_EQ(incomplete.inventory.churn, Churn{});
    EXPECT_EQ(incomplete.census, first);
    EXPECT_EQ(after, Churn{});
}

TEST_F(ChurnBetweenListings, ATokenThatChangesItsTypeIsNeitherCreatedNorRemoved) {
    const auto first = listed({{.id = "a", .type = TokenType::personal}});

    EXPECT_EQ(then({{.id = "a", .type = TokenType::service}}, first), Churn{});
}

}  // namespace
}  // namespace exporter::inventory
