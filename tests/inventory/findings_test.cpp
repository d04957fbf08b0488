#include "inventory/findings.h"

#include "inventory/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace exporter::inventory {
namespace {

using testing::HasSubstr;
using testing::Not;

struct FindingCase {
    std::string name;
    TestToken token;
    std::vector<Finding> findings;
};

class Findings : public testing::TestWithParam<FindingCase> {};

TEST_P(Findings, AreJustThese) {
    const Inventory inventory = count({GetParam().token});

    for (const FindingRow& row : findings()) {
        const auto& expected = GetParam().findings;
        const bool is_expected = std::find(expected.begin(), expected.end(), row.finding) != expected.end();
        EXPECT_EQ(at_risk(inventory, row.finding), is_expected ? 1U : 0U) << row.reason;
    }
}

const std::vector<std::string> privileged = {"org_management"};

/// A token in use that expires within the notice period and isn't short-lived, with the test's overrides.
TestToken soon(const TestToken& said) {
    const TestToken ordinary;
    TestToken token = said;
    token.created_at = said.created_at == ordinary.created_at ? ago(30 * day) : said.created_at;
    token.expires_at = said.expires_at == ordinary.expires_at ? ahead(7 * day) : said.expires_at;
    return token;
}

INSTANTIATE_TEST_SUITE_P(
    Tokens, Findings,
    testing::Values(
        FindingCase{"AnOrdinaryOne", {}, {}},
        FindingCase{"NeverExpires", {.expires_at = Date::none()}, {Finding::never_expires}},
        FindingCase{"NeverExpiresPrivileged",
                    {.expires_at = Date::none(), .scopes = privileged},
                    {Finding::never_expires, Finding::never_expires_privileged}},
        FindingCase{"UnreadableExpiry", {.expires_at = Date::unreadable(), .scopes = privileged}, {}},
        FindingCase{
            "IdleForJustThePolicy", {.created_at = ago(200 * day), .last_used_at = ago(90 * day)}, {}},
        FindingCase{"IdleForLonger",
                    {.created_at = ago(200 * day), .last_used_at = ago(90 * day + std::chrono::seconds(1))},
                    {Finding::unused}},
        FindingCase{"NeverUsedButNew", {.created_at = ago(10 * day), .last_used_at = Date::none()}, {}},
        FindingCase{"NeverUsedAndOld",
                    {.created_at = ago(91 * day), .last_used_at = Date::none()},
                    {Finding::unused}},
        FindingCase{
            "NeverUsedOfUnknownAge", {.created_at = Date::unreadable(), .last_used_at = Date::none()}, {}},
        FindingCase{"UnreadableUse", {.created_at = ago(200 * day), .last_used_at = Date::unreadable()}, {}},
        FindingCase{"UnusedPrivileged",
                    {.created_at = ago(200 * day), .last_used_at = ago(100 * day), .scopes = privileged},
                    {Finding::unused, Finding::unused_privileged}},
        FindingCase{"LifetimeOfJustThePolicy", {.created_at = ago(day), .expires_at = ahead(364 * day)}, {}},
        FindingCase{"LifetimeOverThePolicy",
                    {.created_at = ago(day), .expires_at = ahead(364 * day + std::chrono::seconds(1))},
                    {Finding::lifetime_over_policy}},
        FindingCase{"ExpiringInUse", soon({}), {Finding::expiring_in_use}},
        FindingCase{
            "ExpiringInUseByAPrivilegedOne", soon({.scopes = privileged}), {Finding::expiring_in_use}},
        FindingCase{"ExpiringAfterTheNotice",
                    soon({.expires_at = ahead(7 * day + std::chrono::microseconds(1))}),
                    {}},
        FindingCase{
            "ExpiringButNotInUse", soon({.last_used_at = ago(7 * day + std::chrono::microseconds(1))}), {}},
        FindingCase{"ExpiringAndNeverUsed", soon({.last_used_at = Date::none()}), {}},
        FindingCase{"ExpiringWithAnUnreadableUse", soon({.last_used_at = Date::unreadable()}), {}},
        FindingCase{"ExpiringAndUsedByAClockAhead",
                    soon({.last_used_at = ahead(std::chrono::minutes(1))}),
                    {Finding::expiring_in_use}},
        FindingCase{"ExpiringAfterAShortLife", soon({.created_at = ago(day)}), {}},
        FindingCase{"ExpiringAfterALifeJustLonger",
                    soon({.created_at = ago(day + std::chrono::microseconds(1))}),
                    {Finding::expiring_in_use}},
        FindingCase{"ExpiringAfterALifeNobodyKnows", soon({.created_at = Date::none()}), {}},
        FindingCase{"Unscoped", {.scopes = {}}, {Finding::unscoped}},
        FindingCase{"UnreadableScopes", {.scopes = {}, .scopes_readable = false}, {}},
        FindingCase{"UnscopedButExpired",
                    {.created_at = ago(90 * day), .expires_at = ago(day), .scopes = {}},
                    {Finding::expired_still_listed}},
        FindingCase{
            "ExpiresAtThisMoment", soon({.expires_at = ahead(day * 0)}), {Finding::expired_still_listed}},
        FindingCase{"ExpiredStillListed",
                    {.created_at = ago(900 * day), .expires_at = ago(day), .last_used_at = ago(200 * day)},
                    {Finding::expired_still_listed}},
        FindingCase{"Leaked", {.leak = Leak::leaked}, {Finding::leaked}}),
    [](const auto& test) { return test.param.name; });

TEST(FindingTable, HasEachFindingOnceInOrderWithItsOwnWords) {
    std::set<std::string> reasons;
    std::set<std::string> sentences;
    for (std::size_t place = 0; place < finding_count; ++place) {
        const FindingRow& row = row_of(static_cast<Finding>(place));
        EXPECT_EQ(static_cast<std::size_t>(row.finding), place);
        reasons.emplace(row.reason);
        sentences.insert(sentence(row, {}));
        EXPECT_THAT(sentence(row, {}), Not(HasSubstr("{")));
    }
    EXPECT_EQ(reasons.size(), finding_count);
    EXPECT_EQ(sentences.size(), finding_count);
}

TEST(FindingTable, IsFromCriticalToInfo) {
    EXPECT_TRUE(std::ranges::is_sorted(findings(), std::greater<>(), &FindingRow::severity));
}

TEST(FindingWords, UseSingularAndPlural) {
    EXPECT_EQ(count_text(row_of(Finding::leaked), 1), "1 leaked token");
    EXPECT_EQ(count_text(row_of(Finding::unscoped), 1234), "1,234 tokens without scopes");
    EXPECT_EQ(count_text(row_of(Finding::expired_still_listed), 0), "0 expired tokens still listed");
}

TEST(FindingWords, NameTheDurationsOfThePolicy) {
    const Policy policy{.max_lifetime = 30 * day, .max_idle = 14 * day, .expiry_notice = 2 * day};

    EXPECT_EQ(sentence(row_of(Finding::unused), policy), "have not been used for 14 days");
    EXPECT_EQ(sentence(row_of(Finding::lifetime_over_policy), policy),
              "have a lifetime of more than 30 days");
    EXPECT_EQ(sentence(row_of(Finding::expiring_in_use), policy), "are in use and expire within 2 days");
}

TEST(FindingNames, MatchTheTable) {
    const std::vector<std::string> named = {"unused", "leaked", "no finding"};

    const FindingSet found = findings_named(named);

    EXPECT_EQ(found.count(), 2U);
    EXPECT_EQ(worst_of(found), static_cast<std::size_t>(Finding::leaked));
    EXPECT_EQ(worst_of(FindingSet()), finding_count);
}

}  // namespace
}  // namespace exporter::inventory
