#include "inventory/details.h"

#include "inventory/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace exporter::inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// From worst to best: `soon` is in use and expires, `never` never expires, `expired` is still listed, `fine`
/// has no finding.
const std::vector<TestToken> four = {{.id = "never", .expires_at = Date::none()},
                                     {.id = "fine", .expires_at = ahead(30 * day)},
                                     {.id = "soon", .expires_at = ahead(day)},
                                     {.id = "expired", .expires_at = ago(day)}};

Inventory detailed(const std::optional<DetailRules>& detail, const std::vector<TestToken>& tokens = four) {
    Rules rules = test_rules();
    rules.detail = detail;
    return count(tokens, rules);
}

DetailRules with_findings() {
    return {.findings = FindingSet().set()};
}

std::vector<std::string> ids(const Inventory& inventory) {
    std::vector<std::string> ids;
    for (const TokenDetail& detail : inventory.details) {
        ids.push_back(detail.id);
    }
    return ids;
}

std::vector<std::string> scopes(const Inventory& inventory, std::size_t token) {
    std::vector<std::string> names;
    for (const std::uint32_t place : inventory.details.at(token).scopes) {
        names.push_back(inventory.scope_names.names.at(place));
    }
    return names;
}

TEST(Detail, IsOffUnlessAskedFor) {
    const Inventory inventory = detailed(std::nullopt);

    EXPECT_TRUE(inventory.details.empty());
    EXPECT_EQ(inventory.details_omitted, std::nullopt);
}

TEST(Detail, AllNamesTheWorstFirstAndThoseWithoutAFindingLast) {
    EXPECT_THAT(ids(detailed(DetailRules{})), ElementsAre("soon", "never", "expired", "fine"));
}

TEST(Detail, FindingsLeavesOutTokensWithoutOne) {
    const Inventory inventory = detailed(with_findings());

    EXPECT_THAT(ids(inventory), ElementsAre("soon", "never", "expired"));
    EXPECT_EQ(inventory.details_omitted, 0U);
}

TEST(Detail, OfChosenFindingsListsOnlyTheirTokens) {
    const DetailRules rules{.findings = findings_named(std::vector<std::string>{"never_expires"})};

    EXPECT_THAT(ids(detailed(rules)), ElementsAre("never"));
}

TEST(Detail, BreaksTiesByExpiryAndThenId) {
    const std::vector<TestToken> tokens = {{.id = "b", .expires_at = ahead(5 * day)},
                                           {.id = "c", .expires_at = ahead(3 * day)},
                                           {.id = "a", .expires_at = ahead(5 * day)}};

    EXPECT_THAT(ids(detailed(DetailRules{}, tokens)), ElementsAre("c", "a", "b"));
}

TEST(Detail, OverTheLimitTheWorstStayAndTheRestIsCounted) {
    const Inventory inventory = detailed(DetailRules{.limit = 2});

    EXPECT_THAT(ids(inventory), ElementsAre("soon", "never"));
    EXPECT_EQ(inventory.details_omitted, 2U);
    EXPECT_TRUE(detailed(DetailRules{.limit = 0}).details.empty());
}

TEST(Detail, DoesNotDependOnTheOrderOfTheListing) {
    std::vector<TestToken> tokens;
    for (int number = 0; number < 40; ++number) {
        TestToken token = four.at(static_cast<std::size_t>(number) % four.size());
        token.id += std::to_string(number);
        tokens.push_back(token);
    }
    std::mt19937 random(1);
    for (std::size_t limit = 0; limit <= 41; ++limit) {
        const DetailRules detail{.limit = limit, .with_scopes = true};
        const Inventory before = detailed(detail, tokens);
        std::shuffle(tokens.begin(), tokens.end(), random);
        EXPECT_EQ(detailed(detail, tokens), before) << limit;
    }
}

TEST(Detail, CarriesCleanTextsTheFindingsAndTheDatesThatAreKnown) {
    const Inventory inventory = detailed(
        DetailRules{.limit = 1},
        {{.id = "a", .name = "line\nbreak", .expires_at = Date::none(), .last_used_at = Date::none()}});

    ASSERT_EQ(inventory.details.size(), 1U);
    const TokenDetail& detail = inventory.details[0];
    EXPECT_EQ(detail.name,
              "line\xEF\xBF\xBD"
              "break");
    EXPECT_EQ(detail.findings, findings_named(std::vector<std::string>{"never_expires"}));
    EXPECT_EQ(detail.expires_at, std::nullopt);
    EXPECT_EQ(detail.last_used_at, std::nullopt);
    EXPECT_EQ(detail.created_at, now - 10 * day);
}

TEST(DetailScopes, AreLeftOutUnlessAskedFor) {
    const Inventory inventory = detailed(DetailRules{});

    EXPECT_TRUE(inventory.scope_names.names.empty());
    EXPECT_TRUE(inventory.details.at(0).scopes.empty());
    EXPECT_TRUE(inventory.details.at(0).public_portion.empty());
}

TEST(DetailScopes, ArePrivilegedFirstThenByNameWithoutRepeats) {
    const Inventory inventory =
        detailed(DetailRules{.with_scopes = true},
                 {{.id = "a", .scopes = {"z_read", "org_management", "a_read", "z_read"}},
                  {.id = "b", .scopes = {"user_access_manage", "a_read"}},
                  {.id = "c", .scopes = {}}});

    EXPECT_EQ(inventory.scope_names.privileged, 2U);
    EXPECT_THAT(inventory.scope_names.names,
                ElementsAre("org_management", "user_access_manage", "a_read", "z_read"));
    EXPECT_THAT(ids(inventory), ElementsAre("c", "a", "b"));
    EXPECT_THAT(scopes(inventory, 0), IsEmpty());
    EXPECT_THAT(scopes(inventory, 1), ElementsAre("org_management", "a_read", "z_read"));
    EXPECT_THAT(scopes(inventory, 2), ElementsAre("user_access_manage", "a_read"));
    EXPECT_EQ(inventory.details.at(0).public_portion, "ddpat_abc");
}

TEST(DetailScopes, OfAllTokensTogetherAreBounded) {
    const std::optional<DetailRules> rules = DetailRules{.limit = 1'000'000, .with_scopes = true};
    Details details(rules);
    const std::vector<std::uint32_t> scopes(100'000);
    const std::size_t fitting = most_detail_scopes / scopes.size();
    datadog::Token token;
    token.id = "an id";

    for (std::size_t number = 0; number < fitting + 3; ++number) {
        details.add(token, {}, scopes);
    }

    EXPECT_EQ(details.omitted(), 3U);
    EXPECT_EQ(std::move(details).build().size(), fitting);
}

}  // namespace
}  // namespace exporter::inventory
