#include "base/text_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>

namespace exporter::base {
namespace {

TEST(IdSet, AnIdIsNewOnce) {
    IdSet ids;

    EXPECT_TRUE(ids.insert("a"));
    EXPECT_TRUE(ids.insert("b"));
    EXPECT_FALSE(ids.insert("a"));
    EXPECT_EQ(ids.size(), 2U);
}

TEST(IdSet, GrowsWithoutForgetting) {
    IdSet ids;
    constexpr int count = 50'000;
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(ids.insert(std::to_string(i)));
    }
    for (int i = 0; i < count; ++i) {
        ASSERT_FALSE(ids.insert(std::to_string(i)));
    }
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(count));
}

/// A uniformly distributed hash, or one that belongs at the start or end of the table.
std::uint64_t some_hash(std::mt19937_64& random) {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    switch (random() % 4) {
        case 0:
            return 1 + random() % 3000;
        case 1:
            return last - random() % 3000;
        default:
            return 1 + random() % (last - 1);
    }
}

TEST(IdSet, FindsEveryInsertedHash) {
    std::mt19937_64 random(1);
    IdSet ids;
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t hash = some_hash(random);
        ASSERT_EQ(ids.insert(hash), expected.insert(hash).second) << hash;
    }
    EXPECT_EQ(ids.size(), expected.size());
}

TEST(IdSet, AcceptsHashZero) {
    IdSet ids;

    EXPECT_TRUE(ids.insert(std::uint64_t{0}));
    EXPECT_FALSE(ids.insert(std::uint64_t{0}));
    EXPECT_EQ(ids.size(), 1U);
}

IdSet multiples_of(int factor, int count) {
    IdSet ids;
    for (int i = 0; i < count; ++i) {
        ids.insert(std::to_string(factor * i));
    }
    return ids;
}

TEST(IdSet, MergesWithoutDuplicates) {
    for (const int evens : {0, 1, 3, 100, 10'000}) {
        for (const int threes : {0, 1, 2, 103, 5000}) {
            IdSet ids = multiples_of(2, evens);

            ids.merge(multiples_of(3, threes));

            for (int i = 0; i < 40'000; ++i) {
                const bool merged = (i % 2 == 0 && i / 2 < evens) || (i % 3 == 0 && i / 3 < threes);
                ASSERT_EQ(ids.insert(std::to_string(i)), !merged) << evens << ", " << threes << ": " << i;
            }
            EXPECT_EQ(ids.size(), 40'000U);
        }
    }
}

/// The merged set's hashes arrive in ascending order, the worst case for a table that grows by insertion: a
/// million of them took over a minute.
TEST(IdSet, MergesALargeSetIntoAnEmptyOne) {
    std::mt19937_64 random(3);
    IdSet large;
    while (large.size() < 1'000'000) {
        large.insert(random());
    }
    IdSet all;

    all.merge(large);

    EXPECT_EQ(all.size(), large.size());
    EXPECT_LE(all.bytes(), 14 * all.size());
}

TEST(IdSet, AnIdTakesFourteenBytesAtMost) {
    std::mt19937_64 random(2);
    IdSet ids;
    while (ids.size() < 300'000) {
        ids.insert(random());
        if (ids.size() >= 1000) {
            ASSERT_LE(ids.bytes(), 14 * ids.size());
        }
    }
}

}  // namespace
}  // namespace exporter::base
