// Properties that hold for every listing, checked on random ones.
#include "inventory/tokens.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>

namespace exporter::inventory {
namespace {

class RandomListing {
  public:
    explicit RandomListing(unsigned seed) : random_(seed) {}

    std::vector<TestToken> tokens(std::size_t count) {
        std::vector<TestToken> tokens;
        for (std::size_t i = 0; i < count; ++i) {
            tokens.push_back(token(i));
        }
        return tokens;
    }

    void shuffle(std::vector<TestToken>& tokens) { std::shuffle(tokens.begin(), tokens.end(), random_); }

  private:
    TestToken token(std::size_t number) {
        static constexpr std::array types = {TokenType::personal, TokenType::service, TokenType::other};
        static constexpr std::array owners = {OwnerType::user, OwnerType::service_account, OwnerType::other,
                                              OwnerType::unknown};
        TestToken token;
        token.id = fmt::format("token-{}", number);
        token.type = types[random_() % types.size()];
        token.owner_type = owners[random_() % owners.size()];
        token.owner_id = token.owner_type == OwnerType::unknown ? "" : fmt::format("owner-{}", random_() % 9);
        token.created_at = date(-500, 0);
        token.expires_at = date(-100, 500);
        token.last_used_at = date(-200, 0);
        token.leak = static_cast<Leak>(random_() % 3);
        token.scopes.clear();
        for (std::size_t i = random_() % 6; i > 0; --i) {
            token.scopes.push_back(random_() % 9 == 0 ? "org_management"
                                                      : fmt::format("scope_{}", random_() % 30));
        }
        return token;
    }

    Date date(int from_day, int to_day) {
        switch (random_() % 8) {
            case 0:
                return Date::none();
            case 1:
                return Date::unreadable();
            default:
                return ahead(day * std::uniform_int_distribution(from_day, to_day)(random_));
        }
    }

    std::mt19937 random_;
};

TEST(InventoryLaws, SumsOverEveryPartitionEqualTheTokens) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        const Inventory inventory = count(RandomListing(seed).tokens(200));

        ASSERT_EQ(inventory.tokens, 200U);
        ASSERT_EQ(sum(inventory.by_expiry), 200U);
        ASSERT_EQ(sum(inventory.by_last_use), 200U);
        ASSERT_EQ(sum(inventory.by_age), 200U);
    }
}

TEST(InventoryLaws, PartsAreNeverMoreThanTheWholeInAnyCell) {
    const Inventory inventory = count(RandomListing(1).tokens(2000));

    for (const TokenType type : {TokenType::personal, TokenType::service, TokenType::other}) {
        for (const OwnerType owner :
             {OwnerType::user, OwnerType::service_account, OwnerType::other, OwnerType::unknown}) {
            const auto& all = inventory.by_expiry.at(type, owner);
            Count tokens = 0;
            for (std::size_t bucket = 0; bucket < all.size(); ++bucket) {
                tokens += all[bucket];
                EXPECT_LE(
                    inventory.unscoped.at(type, owner)[bucket] + inventory.privileged.at(type, owner)[bucket],
                    all[bucket]);
                for (const ScopeGrants& scope : inventory.scope_grants) {
                    const auto& cells = scope.grants.at(type, owner);
                    EXPECT_LE(cells.empty() ? 0 : cells[bucket], all[bucket]);
                }
            }
            for (const Finding finding : {Finding::never_expires, Finding::unused, Finding::leaked}) {
                EXPECT_LE(at_risk(inventory, finding, type, owner), tokens);
            }
            EXPECT_LE(at_risk(inventory, Finding::never_expires_privileged, type, owner),
                      at_risk(inventory, Finding::never_expires, type, owner));
            EXPECT_LE(at_risk(inventory, Finding::unused_privileged, type, owner),
                      at_risk(inventory, Finding::unused, type, owner));
        }
    }
}

TEST(InventoryLaws, TheOldestCreationIsPastAndTheNextExpiryAhead) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        const Inventory inventory = count(RandomListing(seed).tokens(20));

        for (const TokenType type : {TokenType::personal, TokenType::service, TokenType::other}) {
            for (const OwnerType owner :
                 {OwnerType::user, OwnerType::service_account, OwnerType::other, OwnerType::unknown}) {
                ASSERT_LE(inventory.oldest_creation.at(type, owner).value_or(now), now);
                ASSERT_GT(inventory.next_expiry.at(type, owner).value_or(Timestamp::max()), now);
                ASSERT_LE(inventory.next_expiry.at(type, owner).value_or(Timestamp::max()),
                          inventory.next_expiry_in_use.at(type, owner).value_or(Timestamp::max()));
                // Without a plausible date there is no age, and so no oldest token.
                const auto& ages = inventory.by_age.at(type, owner);
                const auto known = std::accumulate(ages.begin(), ages.end() - 1, Count{0});
                ASSERT_EQ(inventory.oldest_creation.at(type, owner).has_value(), known > 0);
            }
        }
    }
}

TEST(InventoryLaws, GrantsAreTheDistinctScopesOfAllTokensWhateverTheLimit) {
    const auto tokens = RandomListing(2).tokens(500);
    Count expected = 0;
    for (const TestToken& token : tokens) {
        expected += std::set<std::string>(token.scopes.begin(), token.scopes.end()).size();
    }
    for (const std::size_t limit : {0U, 1U, 7U, 31U, 500U}) {
        Rules rules = test_rules();
        rules.scope_limit = limit;
        const Inventory inventory = count(tokens, rules);

        Count grants = 0;
        for (const ScopeGrants& scope : inventory.scope_grants) {
            grants += sum(scope.grants);
        }
        EXPECT_EQ(grants, expected) << limit;
        EXPECT_EQ(inventory.folded_scopes,
                  inventory.distinct_scopes - std::min<Count>(limit, inventory.distinct_scopes));
    }
}

TEST(InventoryLaws, TheOrderOfTheListingDoesNotMatter) {
    Rules rules = test_rules();
    rules.scope_limit = 10;
    rules.detail = DetailRules{.limit = 50};
    for (unsigned seed = 0; seed < 30; ++seed) {
        RandomListing listing(seed);
        auto tokens = listing.tokens(150);
        const auto previous = build(rules, listing.tokens(100)).census;
        const Inventory one = build(rules, tokens, previous).inventory;
        listing.shuffle(tokens);
        const Inventory other = build(rules, tokens, previous).inventory;

        ASSERT_EQ(one, other) << seed;
    }
}

TEST(InventoryLaws, ChurnBalancesTheCounts) {
    const Rules rules = test_rules();
    std::mt19937 random(5);
    auto tokens = RandomListing(5).tokens(300);
    auto built = build(rules, tokens);
    for (int round = 0; round < 50; ++round) {
        std::vector<TestToken> next;
        for (const TestToken& token : tokens) {
            if (random() % 10 != 0) {
                next.push_back(token);
            }
        }
        for (auto i = random() % 30; i > 0; --i) {
            next.push_back({.id = fmt::format("new-{}-{}", round, i), .created_at = Date::at(now)});
        }
        tokens = next;
        const Inventory before = built.inventory;
        built = build(rules, tokens, built.census);
        const Inventory& after = built.inventory;

        const auto total = [](const auto& by_type) { return by_type[0] + by_type[1] + by_type[2]; };
        ASSERT_EQ(before.tokens + total(after.churn.created) - total(before.churn.created),
                  after.tokens + total(after.churn.removed) - total(before.churn.removed));
    }
}

}  // namespace
}  // namespace exporter::inventory
