#include "inventory/census.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

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

TEST(Census, OfNobodyFindsNobody) {
    const Census census({}, {}, {});

    EXPECT_EQ(census.size(), 0U);
    EXPECT_EQ(census.find(0), nullptr);
    EXPECT_EQ(census.find(std::numeric_limits<std::uint64_t>::max()), nullptr);
}

/// From evenly spread hashes to such as lie close together anywhere.
std::uint64_t some_hash(std::mt19937_64& random, unsigned narrowness) {
    const std::uint64_t hash = random() >> narrowness;
    return random() % 2 == 0 ? hash : std::numeric_limits<std::uint64_t>::max() - hash;
}

TEST(Census, FindsWhoWasThereHoweverTheHashesLie) {
    for (const unsigned narrowness : {0U, 4U, 40U, 52U}) {
        std::mt19937_64 random(narrowness);
        std::map<std::uint64_t, std::uint32_t> expected;
        for (std::uint32_t i = 0; i < 3000; ++i) {
            expected.emplace(some_hash(random, narrowness), i);
        }
        std::vector<CensusEntry> entries;
        for (const auto& [id_hash, scopes_hash] : expected) {
            entries.push_back({id_hash, scopes_hash, datadog::TokenType::personal});
        }
        std::shuffle(entries.begin(), entries.end(), random);
        const Census census(std::move(entries), {}, {});

        ASSERT_EQ(census.size(), expected.size());
        for (const auto& [id_hash, scopes_hash] : expected) {
            ASSERT_NE(census.find(id_hash), nullptr) << id_hash;
            ASSERT_EQ(census.find(id_hash)->scopes_hash, scopes_hash);
        }
        for (int i = 0; i < 3000; ++i) {
            const std::uint64_t id_hash = some_hash(random, narrowness);
            ASSERT_EQ(census.find(id_hash) != nullptr, expected.contains(id_hash)) << id_hash;
        }
    }
}

static_assert(sizeof(CensusEntry) == 16);

}  // namespace
}  // namespace exporter::inventory
