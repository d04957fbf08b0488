#include "inventory/builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace exporter::inventory {
namespace {

using datadog::TokenType;

TEST(Census, SortsItsEntriesById) {
    const Census census =
        take_census({{30, 3, TokenType::service}, {10, 1, TokenType::personal}}, {}, nullptr, {});

    EXPECT_EQ(census.churn, Churn{});
    ASSERT_EQ(census.entries.size(), 2U);
    EXPECT_EQ(census.entries[0].id_hash, 10U);
    EXPECT_EQ(census.entries[1].id_hash, 30U);
    EXPECT_EQ(census.entries[1].scopes_hash, 3U);
    EXPECT_EQ(census.entries[1].type, TokenType::service);
}

TEST(Census, ContinuesThePreviousChurn) {
    Churn churn;
    churn.late = 5;
    churn.created = {1, 2, 3};
    const Census before{{{10, 1, TokenType::personal}}, {}, churn};

    const Census census = take_census({{10, 1, TokenType::personal}}, {}, &before, {});

    EXPECT_EQ(census.churn, churn);
}

/// A listing by ID, and which of its tokens are new.
struct Listing {
    std::map<std::uint64_t, CensusEntry> entries;
    std::set<std::uint64_t> newcomers;

    explicit Listing(std::mt19937_64& random) {
        const std::uint64_t ids = 1 + random() % 60;
        for (std::uint64_t tokens = random() % 40; tokens > 0; --tokens) {
            const std::uint64_t id = random() % ids;
            entries[id] = {id, static_cast<std::uint32_t>(random() % 2),
                           static_cast<TokenType>(random() % 3)};
            if (random() % 2 == 0) {
                newcomers.insert(id);
            }
        }
    }

    [[nodiscard]] std::vector<CensusEntry> shuffled(std::mt19937_64& random) const {
        std::vector<CensusEntry> list;
        for (const auto& [id, entry] : entries) {
            list.push_back(entry);
        }
        std::shuffle(list.begin(), list.end(), random);
        return list;
    }
};

std::size_t type_of(const CensusEntry& entry) {
    return static_cast<std::size_t>(entry.type);
}

/// A straightforward token-by-token count.
Churn counted_by_hand(const Listing& before, const Listing& after) {
    Churn churn;
    for (const auto& [id, entry] : before.entries) {
        churn.removed[type_of(entry)] += after.entries.contains(id) ? 0U : 1U;
    }
    for (const auto& [id, entry] : after.entries) {
        const auto old = before.entries.find(id);
        if (old != before.entries.end()) {
            churn.scope_changes[type_of(entry)] += old->second.scopes_hash == entry.scopes_hash ? 0U : 1U;
        } else if (after.newcomers.contains(id)) {
            ++churn.created[type_of(entry)];
        } else {
            ++churn.late;
        }
    }
    return churn;
}

TEST(Census, MatchesAManualCountOfChanges) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        std::mt19937_64 random(seed);
        const Listing before(random);
        const Listing after(random);

        const Census first = take_census(before.shuffled(random), {}, nullptr, {});
        const Census second = take_census(after.shuffled(random), {}, &first,
                                          {after.newcomers.rbegin(), after.newcomers.rend()});

        ASSERT_EQ(second.churn, counted_by_hand(before, after)) << seed;
    }
}

static_assert(sizeof(CensusEntry) == 16);

}  // namespace
}  // namespace exporter::inventory
