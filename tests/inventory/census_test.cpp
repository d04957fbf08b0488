#include "inventory/census.h"

#include <gtest/gtest.h>

namespace exporter::inventory {
namespace {

TEST(Census, FindsWhoWasThereAndNobodyElse) {
    const Census census({{30, 3, datadog::TokenType::service}, {10, 1, datadog::TokenType::personal}}, {},
                        {});

    ASSERT_NE(census.find(30), nullptr);
    EXPECT_EQ(census.find(30)->scopes_hash, 3U);
    EXPECT_EQ(census.find(20), nullptr);
    EXPECT_EQ(census.find(31), nullptr);
    EXPECT_EQ(census.count(datadog::TokenType::personal), 1U);
    EXPECT_EQ(census.count(datadog::TokenType::other), 0U);
}

static_assert(sizeof(CensusEntry) == 16);

}  // namespace
}  // namespace exporter::inventory
