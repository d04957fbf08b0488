#include "demo/owners.h"

#include "demo/simulated_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace exporter::demo {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;

constexpr auto test_now =
    base::Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 3 / 14)) + std::chrono::hours(15);

OrganizationOptions of_size(std::size_t tokens) {
    OrganizationOptions options;
    options.tokens = tokens;
    return options;
}

std::map<std::string, datadog::User> owners_of(const SimulatedOrganization& organization) {
    std::map<std::string, datadog::User> owners;
    for (const SimulatedToken& token : organization.tokens()) {
        owners.emplace(token.owner_id, organization.user_of(token.owner_id).value());
    }
    return owners;
}

std::size_t count(const std::map<std::string, datadog::User>& owners, bool (*is_one)(const datadog::User&)) {
    return static_cast<std::size_t>(
        std::ranges::count_if(owners, [&](const auto& owner) { return is_one(owner.second); }));
}

TEST(OwnersOfTheDemo, MatchTheOwnerTypeOfTheirTokens) {
    const SimulatedOrganization organization(of_size(400), test_now);
    for (const SimulatedToken& token : organization.tokens()) {
        const auto owner = organization.user_of(token.owner_id);
        ASSERT_TRUE(owner) << token.owner_id;
        EXPECT_EQ(owner->service_account, token.owner_type == datadog::OwnerType::service_account)
            << token.name;
        EXPECT_FALSE(datadog::display_name(*owner).empty());
    }
}

TEST(OwnersOfTheDemo, IncludeDisabledAndNamelessOnes) {
    const SimulatedOrganization organization(of_size(400), test_now);
    const auto owners = owners_of(organization);

    EXPECT_THAT(count(owners, [](const datadog::User& user) { return user.disabled; }),
                AllOf(Ge(2U), Le(owners.size() / 8)));
    EXPECT_THAT(
        count(owners, [](const datadog::User& user) { return user.name.empty() && !user.email.empty(); }),
        AllOf(Ge(2U), Le(owners.size() / 8)));
    EXPECT_GE(
        count(owners, [](const datadog::User& user) { return user.service_account && user.email.empty(); }),
        2U);
    EXPECT_GE(
        count(owners, [](const datadog::User& user) { return user.service_account && !user.email.empty(); }),
        2U);
}

TEST(OwnersOfTheDemo, HaveAddressesOfTheirOwn) {
    const SimulatedOrganization organization(of_size(5000), test_now);
    std::set<std::string> addresses;
    std::size_t with_address = 0;
    for (const auto& [id, owner] : owners_of(organization)) {
        with_address += owner.email.empty() ? 0U : 1U;
        addresses.insert(owner.email);
    }
    addresses.erase("");
    // Two people rarely share an initial and a last name.
    EXPECT_GT(addresses.size() * 10, with_address * 9);
}

/// `ada laptop` must belong to an Ada.
TEST(OwnersOfTheDemo, MatchTheNamesOfTheirTokens) {
    const SimulatedOrganization organization(of_size(400), test_now);
    std::size_t compared = 0;
    for (const SimulatedToken& token : organization.tokens()) {
        const auto owner = organization.user_of(token.owner_id);
        if (token.name.starts_with("ada ")) {
            EXPECT_THAT(owner->name, HasSubstr("Ada "));
            EXPECT_THAT(owner->email, HasSubstr("a."));
            ++compared;
        }
    }
    EXPECT_GT(compared, 0U);
}

TEST(OwnersOfTheDemo, AreStableAndChangeNothing) {
    SimulatedOrganization asked(of_size(137), test_now);
    SimulatedOrganization left_alone(of_size(137), test_now);

    EXPECT_EQ(owners_of(asked), owners_of(asked));
    asked.advance(test_now + std::chrono::hours(100));
    left_alone.advance(test_now + std::chrono::hours(100));

    EXPECT_TRUE(std::ranges::equal(asked.tokens(), left_alone.tokens(), {}, &SimulatedToken::id,
                                   &SimulatedToken::id));
}

TEST(OwnersOfTheDemo, OthersAreUnknown) {
    const SimulatedOrganization organization(of_size(10), test_now);
    for (const std::string_view id : {"", "nobody", "00000000-0000-4000-8000-000000000000"}) {
        EXPECT_FALSE(organization.user_of(id)) << id;
    }
}

TEST(SimulatedApiOfUsers, SharesTheRateLimitWithPages) {
    const SimulatedOrganization organization(of_size(10), test_now);
    const std::string id = organization.tokens().front().owner_id;
    SimulatedApi api(of_size(10), {.limit = 3, .period = std::chrono::seconds(60)}, test_now);

    EXPECT_TRUE(api.page(0, 100, test_now).page);
    const auto found = api.user(id, test_now);
    const auto gone = api.user("nobody", test_now);
    const auto refused = api.user(id, test_now);

    ASSERT_TRUE(found.user);
    EXPECT_EQ(*found.user, organization.user_of(id));
    EXPECT_EQ(found.exchange.status, 200);
    EXPECT_EQ(found.exchange.rate_limit.remaining, 1);
    ASSERT_FALSE(gone.user);
    EXPECT_EQ(gone.user.error().kind, datadog::ErrorKind::not_found);
    EXPECT_EQ(gone.exchange.status, 404);
    EXPECT_EQ(gone.exchange.rate_limit.remaining, 0);
    ASSERT_FALSE(refused.user);
    EXPECT_EQ(refused.user.error().kind, datadog::ErrorKind::rate_limited);
    EXPECT_EQ(refused.exchange.status, 429);
    EXPECT_TRUE(refused.user.error().retry_after);
}

}  // namespace
}  // namespace exporter::demo
