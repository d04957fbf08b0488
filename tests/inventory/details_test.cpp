#include "inventory/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::inventory {
namespace {

using testing::ElementsAre;

const std::vector<TestToken> four = {{.id = "never", .expires_at = Date::none()},
                                     {.id = "late", .expires_at = ahead(30 * day)},
                                     {.id = "soon", .expires_at = ahead(day)},
                                     {.id = "expired", .expires_at = ago(day)}};

Inventory detailed(std::optional<DetailRules> detail, const std::vector<TestToken>& tokens = four) {
    Rules rules = test_rules();
    rules.detail = detail;
    return count(tokens, rules);
}

std::vector<std::string> ids(const Inventory& inventory) {
    std::vector<std::string> ids;
    for (const TokenDetail& detail : inventory.details) {
        ids.push_back(detail.id);
    }
    return ids;
}

TEST(Detail, IsOffUnlessAskedFor) {
    const Inventory inventory = detailed(std::nullopt);

    EXPECT_TRUE(inventory.details.empty());
    EXPECT_EQ(inventory.details_omitted, 0U);
}

TEST(Detail, ExpiringNamesTokensWithADateSoonestFirst) {
    EXPECT_THAT(ids(detailed(DetailRules{.without_expiry = false})), ElementsAre("expired", "soon", "late"));
}

TEST(Detail, AllNamesThoseWithoutADateLast) {
    EXPECT_THAT(ids(detailed(DetailRules{})), ElementsAre("expired", "soon", "late", "never"));
}

TEST(Detail, OverTheLimitTheSoonestStayAndTheRestIsCounted) {
    const Inventory inventory = detailed(DetailRules{.limit = 2});

    EXPECT_THAT(ids(inventory), ElementsAre("expired", "soon"));
    EXPECT_EQ(inventory.details_omitted, 2U);
    EXPECT_TRUE(detailed(DetailRules{.limit = 0}).details.empty());
}

TEST(Detail, DoesNotDependOnTheOrderOfTheListing) {
    std::vector<TestToken> backwards(four.rbegin(), four.rend());
    for (std::size_t limit = 0; limit <= 5; ++limit) {
        const DetailRules detail{.limit = limit};
        EXPECT_EQ(ids(detailed(detail)), ids(detailed(detail, backwards)));
    }
}

TEST(Detail, CarriesCleanTextsAndTheDatesThatAreKnown) {
    const Inventory inventory = detailed(
        DetailRules{.limit = 1},
        {{.id = "a", .name = "line\nbreak", .expires_at = ahead(day), .last_used_at = Date::none()}});

    ASSERT_EQ(inventory.details.size(), 1U);
    EXPECT_EQ(inventory.details[0].name,
              "line\xEF\xBF\xBD"
              "break");
    EXPECT_EQ(inventory.details[0].expires_at, now + day);
    EXPECT_EQ(inventory.details[0].last_used_at, std::nullopt);
}

}  // namespace
}  // namespace exporter::inventory
