#include "demo/organization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace exporter::demo {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr auto test_now =
    base::Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 3 / 14)) + std::chrono::hours(15);

OrganizationOptions of_size(std::size_t tokens, std::uint64_t seed = 1) {
    OrganizationOptions options;
    options.tokens = tokens;
    options.seed = seed;
    return options;
}

/// Every field of a token, as text.
std::string describe(const SimulatedToken& token) {
    const auto date = [](const std::optional<base::Timestamp>& moment) {
        return moment ? std::to_string(moment->time_since_epoch().count()) : "-";
    };
    std::string text = token.id + "|" + token.name + "|" + token.public_portion + "|" + token.owner_id + "|" +
                       date(token.created_at) + "|" + date(token.expires_at) + "|" +
                       date(token.last_used_at) + "|" + date(token.modified_at) + "|" +
                       std::to_string(static_cast<int>(token.type)) +
                       std::to_string(static_cast<int>(token.owner_type)) + (token.leaked ? "!" : "");
    for (const auto& scope : token.scopes) {
        text += ",";
        text += scope;
    }
    return text;
}

std::vector<std::string> describe(const SimulatedOrganization& organization) {
    std::vector<std::string> texts;
    for (const auto& token : organization.tokens()) {
        texts.push_back(describe(token));
    }
    return texts;
}

bool has_scope(const SimulatedToken& token, std::string_view scope) {
    return std::find(token.scopes.begin(), token.scopes.end(), scope) != token.scopes.end();
}

struct Feature {
    std::string name;
    std::function<bool(const SimulatedToken&)> shows;
};

class Features : public ::testing::TestWithParam<Feature> {};

TEST_P(Features, AreInEveryOrganizationOfTenOrMore) {
    for (const std::size_t size : {std::size_t{10}, std::size_t{400}}) {
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            const SimulatedOrganization organization(of_size(size, seed), test_now);
            EXPECT_TRUE(
                std::any_of(organization.tokens().begin(), organization.tokens().end(), GetParam().shows))
                << size << " tokens, seed " << seed;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, Features,
    ::testing::Values(
        Feature{"never_expiring", [](const auto& token) { return !token.expires_at; }},
        Feature{"expired",
                [](const auto& token) { return token.expires_at && *token.expires_at < test_now; }},
        Feature{"leaked", [](const auto& token) { return token.leaked; }},
        Feature{"unscoped", [](const auto& token) { return token.scopes.empty(); }},
        Feature{"forty_scopes", [](const auto& token) { return token.scopes.size() >= 40; }},
        Feature{"privileged_for_ever",
                [](const auto& token) { return !token.expires_at && has_scope(token, "org_management"); }},
        Feature{"idle",
                [](const auto& token) {
                    return token.last_used_at && *token.last_used_at < test_now - days(90);
                }},
        Feature{
            "never_used",
            [](const auto& token) { return !token.last_used_at && token.created_at < test_now - days(90); }},
        Feature{"edited", [](const auto& token) { return token.modified_at.has_value(); }},
        Feature{"quotes_and_newlines",
                [](const auto& token) {
                    return token.name.find('"') != std::string::npos &&
                           token.name.find('\n') != std::string::npos;
                }},
        Feature{"service", [](const auto& token) { return token.type == datadog::TokenType::service; }},
        Feature{"own_token",
                [](const auto& token) {
                    return token.public_portion == "ddpat_demo" && token.name == "datadog_token_exporter" &&
                           has_scope(token, "org_app_keys_read") && token.expires_at > test_now + days(59);
                }}),
    [](const ::testing::TestParamInfo<Feature>& tested) { return tested.param.name; });

TEST(Population, HasTheSizeAskedFor) {
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 2, 9, 10, 401}) {
        EXPECT_THAT(SimulatedOrganization(of_size(size), test_now).tokens(), SizeIs(size));
    }
}

TEST(Population, IdsAreUniqueAndShapedLikeUuids) {
    const SimulatedOrganization organization(of_size(5000), test_now);
    std::set<std::string> ids;
    for (const auto& token : organization.tokens()) {
        ids.insert(token.id);
        EXPECT_THAT(token.id,
                    ::testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+"));
        EXPECT_THAT(token.id, SizeIs(36));
    }
    EXPECT_THAT(ids, SizeIs(5000));
}

TEST(Population, DatesMakeSense) {
    const SimulatedOrganization organization(of_size(5000), test_now);
    for (const auto& token : organization.tokens()) {
        EXPECT_LE(token.created_at, test_now) << describe(token);
        if (token.last_used_at) {
            EXPECT_LE(token.created_at, *token.last_used_at) << describe(token);
            EXPECT_LE(*token.last_used_at, token.expires_at.value_or(test_now)) << describe(token);
            EXPECT_LE(*token.last_used_at, test_now) << describe(token);
        }
        if (token.modified_at) {
            EXPECT_LE(token.created_at, *token.modified_at) << describe(token);
            EXPECT_LE(*token.modified_at, test_now) << describe(token);
        }
        if (token.expires_at) {
            EXPECT_GT(*token.expires_at, test_now - days(1)) << describe(token);
        }
    }
}

TEST(Population, PersonalTokensOfPeopleLiveADayToAYear) {
    const SimulatedOrganization organization(of_size(2000), test_now);
    for (const auto& token : organization.tokens()) {
        if (token.owner_type == datadog::OwnerType::user && token.type == datadog::TokenType::personal) {
            ASSERT_TRUE(token.expires_at);
            EXPECT_THAT(*token.expires_at - token.created_at,
                        AllOf(Ge(days(1) - hours(1)), Le(days(365) + hours(1))));
        }
    }
}

TEST(Population, NoServiceAccountTokenExpiresSoon) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const SimulatedOrganization organization(of_size(2000, seed), test_now);
        for (const auto& token : organization.tokens()) {
            if (token.owner_type == datadog::OwnerType::service_account && token.expires_at > test_now) {
                EXPECT_GE(*token.expires_at, test_now + days(2)) << describe(token);
            }
        }
    }
}

TEST(Population, ALargerOrganizationHasTheTokensOfASmallerOne) {
    std::map<std::string, const SimulatedToken*> of_larger;
    const SimulatedOrganization larger(of_size(400), test_now);
    for (const auto& token : larger.tokens()) {
        of_larger.emplace(token.id, &token);
    }
    const SimulatedOrganization smaller(of_size(380), test_now);
    for (const auto& token : smaller.tokens()) {
        const auto found = of_larger.find(token.id);
        ASSERT_NE(found, of_larger.end()) << describe(token);
        EXPECT_EQ(found->second->created_at, token.created_at);
        EXPECT_EQ(found->second->expires_at, token.expires_at);
        EXPECT_EQ(found->second->last_used_at, token.last_used_at);
        EXPECT_EQ(found->second->scopes, token.scopes);
    }
}

TEST(Population, ScopesHaveALongTail) {
    const SimulatedOrganization organization(of_size(5000), test_now);
    std::map<std::string, int> holders;
    for (const auto& token : organization.tokens()) {
        for (const auto& scope : std::set<std::string>(token.scopes.begin(), token.scopes.end())) {
            ++holders[scope];
        }
    }
    EXPECT_THAT(holders.size(), AllOf(Ge(50U), Le(60U)));
    const auto most =
        std::max_element(holders.begin(), holders.end(),
                         [](const auto& left, const auto& right) { return left.second < right.second; });
    EXPECT_EQ(most->first, "dashboards_read");
    EXPECT_GT(most->second, 10 * holders["org_management"]);
}

TEST(Population, OneTokenHasTheExportersPublicPortion) {
    auto options = of_size(20);
    options.exporter_public_portion = "ddpat_mine";
    const SimulatedOrganization organization(options, test_now);
    EXPECT_EQ(std::count_if(organization.tokens().begin(), organization.tokens().end(),
                            [](const auto& token) { return token.public_portion == "ddpat_mine"; }),
              1);
}

TEST(Population, IsTheSameForTheSameSeed) {
    const SimulatedOrganization one(of_size(300, 7), test_now);
    const SimulatedOrganization two(of_size(300, 7), test_now);
    const SimulatedOrganization other(of_size(300, 8), test_now);
    EXPECT_EQ(describe(one), describe(two));
    EXPECT_NE(describe(one), describe(other));
}

TEST(Advance, DoesNotDependOnItsSteps) {
    auto options = of_size(200);
    options.mean_time_between_events = minutes(2);
    SimulatedOrganization one(options, test_now);
    SimulatedOrganization two(options, test_now);
    one.advance(test_now + hours(240));  // long enough for tokens to expire and be removed
    for (int step = 1; step <= 240; ++step) {
        two.advance(test_now + hours(step));
    }
    EXPECT_EQ(describe(one), describe(two));
}

TEST(Advance, CreatesRevokesUsesAndEdits) {
    SimulatedOrganization organization(of_size(200), test_now);
    std::map<std::string, SimulatedToken> before;
    for (const auto& token : organization.tokens()) {
        before.emplace(token.id, token);
    }
    organization.advance(test_now + hours(1));

    int created = 0;
    int used = 0;
    int edited = 0;
    std::size_t kept = 0;
    for (const auto& token : organization.tokens()) {
        const auto old = before.find(token.id);
        if (old == before.end()) {
            ++created;
            EXPECT_GT(token.created_at, test_now - std::chrono::seconds(1));
            continue;
        }
        ++kept;
        used += token.last_used_at != old->second.last_used_at ? 1 : 0;
        if (token.scopes != old->second.scopes) {
            ++edited;
            EXPECT_NE(token.modified_at, old->second.modified_at);
        }
    }
    EXPECT_GT(created, 20);
    EXPECT_LT(kept, before.size() - 20);
    EXPECT_GT(used, 20);
    EXPECT_GT(edited, 10);
}

TEST(Advance, HappensAboutAsOftenAsAsked) {
    SimulatedOrganization organization(of_size(2000), test_now);
    const auto before = describe(organization);
    organization.advance(test_now + minutes(10));  // 120 events at a mean of 5 s
    const auto after = describe(organization);
    const std::set<std::string> old(before.begin(), before.end());
    const auto changed =
        std::count_if(after.begin(), after.end(), [&](const auto& text) { return !old.contains(text); });
    EXPECT_THAT(changed, AllOf(Ge(40), Le(140)));
}

TEST(Advance, KeepsThePopulationNearItsSize) {
    auto options = of_size(400);
    options.mean_time_between_events = std::chrono::seconds(60);
    SimulatedOrganization organization(options, test_now);
    for (int day = 1; day <= 20; ++day) {
        organization.advance(test_now + days(day));
        EXPECT_THAT(organization.tokens().size(), AllOf(Ge(390U), Le(410U))) << "day " << day;
    }
}

TEST(Advance, LeavesTheExportersOwnTokenAlone) {
    SimulatedOrganization organization(of_size(20), test_now);
    organization.advance(test_now + days(5));
    const auto own = std::find_if(organization.tokens().begin(), organization.tokens().end(),
                                  [](const auto& token) { return token.public_portion == "ddpat_demo"; });
    ASSERT_NE(own, organization.tokens().end());
    EXPECT_THAT(own->scopes, ElementsAre("org_app_keys_read"));
}

TEST(Advance, ExpiredTokensLeaveOneToThreeDaysLater) {
    auto options = of_size(0);
    options.mean_time_between_events = std::chrono::milliseconds(0);
    SimulatedOrganization organization(options, test_now);
    for (int number = 0; number < 50; ++number) {
        auto token = organization.make_token(test_now - days(30));
        token.expires_at = test_now + hours(1);
        organization.tokens().push_back(token);
    }
    organization.advance(test_now + hours(1) + days(1) - minutes(1));
    EXPECT_THAT(organization.tokens(), SizeIs(50));
    organization.advance(test_now + hours(1) + days(2));
    EXPECT_THAT(organization.tokens().size(), AllOf(Ge(5U), Le(45U)));
    organization.advance(test_now + hours(1) + days(3));
    EXPECT_THAT(organization.tokens(), SizeIs(0));
}

TEST(Advance, IgnoresAClockThatGoesBack) {
    SimulatedOrganization organization(of_size(50), test_now);
    const auto before = describe(organization);
    organization.advance(test_now - days(1));
    EXPECT_EQ(describe(organization), before);
    EXPECT_EQ(organization.now(), test_now);
}

TEST(Advance, CanLeapDecades) {
    SimulatedOrganization organization(of_size(10), base::Timestamp{});
    organization.advance(test_now);
    EXPECT_EQ(organization.now(), test_now);
}

TEST(Advance, KeepsTheOrderOfCreation) {
    SimulatedOrganization organization(of_size(200), test_now);
    for (int hour = 0; hour < 48; ++hour) {
        organization.advance(test_now + hours(hour));
        EXPECT_TRUE(std::is_sorted(
            organization.tokens().begin(), organization.tokens().end(),
            [](const auto& left, const auto& right) { return left.created_at < right.created_at; }));
    }
}

TEST(Change, MadeTokensAreNewAndUnused) {
    SimulatedOrganization organization(of_size(5), test_now);
    const auto token = organization.make_token(test_now);
    EXPECT_FALSE(token.last_used_at);
    EXPECT_FALSE(token.modified_at);
    EXPECT_THAT(organization.tokens(), SizeIs(5));
    for (const auto& listed : organization.tokens()) {
        EXPECT_NE(listed.id, token.id);
    }
}

}  // namespace
}  // namespace exporter::demo
