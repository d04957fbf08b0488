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

Inventory detailed(DetailMode mode, std::size_t limit, const std::vector<TestToken>& tokens = four) {
    Rules rules = test_rules();
    rules.detail = mode;
    rules.detail_limit = limit;
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
    const Inventory inventory = detailed(DetailMode::none, 10);

    EXPECT_TRUE(inventory.details.empty());
    EXPECT_EQ(inventory.details_omitted, 0U);
}

TEST(Detail, ExpiringNamesTokensWithADateSoonestFirst) {
    EXPECT_THAT(ids(detailed(DetailMode::expiring, 10)), ElementsAre("expired", "soon", "late"));
}

TEST(Detail, AllNamesThoseWithoutADateLast) {
    EXPECT_THAT(ids(detailed(DetailMode::all, 10)), ElementsAre("expired", "soon", "late", "never"));
}

TEST(Detail, OverTheLimitTheSoonestStayAndTheRestIsCounted) {
    const Inventory inventory = detailed(DetailMode::all, 2);

    EXPECT_THAT(ids(inventory), ElementsAre("expired", "soon"));
    EXPECT_EQ(inventory.details_omitted, 2U);
    EXPECT_TRUE(detailed(DetailMode::all, 0).details.empty());
}

TEST(Detail, DoesNotDependOnTheOrderOfTheListing) {
    std::vector<TestToken> backwards(four.rbegin(), four.rend());
    for (std::size_t limit = 0; limit <= 5; ++limit) {
        EXPECT_EQ(ids(detailed(DetailMode::all, limit)), ids(detailed(DetailMode::all, limit, backwards)));
    }
}

TEST(Detail, CarriesCleanTextsAndTheDatesThatAreKnown) {
    const Inventory inventory = detailed(
        DetailMode::all, 1,
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
