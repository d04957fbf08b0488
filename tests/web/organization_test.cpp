#include "status_samples.h"
#include "web/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
    std::string name;
    std::function<OrganizationStatus()> status;
    Condition condition;
    std::vector<std::string> titles;
    std::string words;  ///< expected in a problem's text
};

std::ostream& operator<<(std::ostream& stream, const Case& c) {
    return stream << c.name;
}

class Conditions : public ::testing::TestWithParam<Case> {};

TEST_P(Conditions, AreExplained) {
    const Case& c = GetParam();
    const OrganizationStatus status = c.status();
    EXPECT_EQ(condition(status, sample_settings(), now()), c.condition);
    std::vector<std::string> titles;
    std::string texts;
    for (const Problem& problem : problems(status, sample_settings(), now())) {
        titles.push_back(problem.title);
        texts += problem.text + '\n';
    }
    EXPECT_EQ(titles, c.titles);
    EXPECT_THAT(texts, HasSubstr(c.words));
}

OrganizationStatus failing_with_old_numbers() {
    OrganizationStatus status = healthy("x");
    status.statistics.last_error = forbidden("x").statistics.last_error;
    status.statistics.failures_in_a_row = 3;
    return status;
}

OrganizationStatus stale() {
    OrganizationStatus status = forbidden("x");
    status.statistics.last_success = now() - 2h;
    return status;
}

OrganizationStatus incomplete(std::uint64_t duplicates) {
    OrganizationStatus status = healthy("x");
    status.statistics.listing->complete = false;
    status.statistics.listing->reported_tokens = 15;
    status.statistics.listing->duplicates = duplicates;
    return status;
}

const std::string refused = "403 from api.datadoghq.eu: Forbidden";

INSTANTIATE_TEST_SUITE_P(
    Of, Conditions,
    ::testing::Values(
        Case{"Healthy", [] { return healthy("x"); }, Condition::healthy, {}, ""},
        Case{"NotPolledYet", [] { return waiting("x"); }, Condition::waiting, {}, ""},
        Case{"FailedFromTheStart",
             [] { return forbidden("x"); },
             Condition::needs_attention,
             {refused, "There are no numbers to show"},
             "3 polls in a row have failed. No poll has succeeded yet."},
        Case{"FailedForTheFirstTime",
             [] {
                 auto status = forbidden("x");
                 status.statistics.failures_in_a_row = 1;
                 return status;
             },
             Condition::needs_attention,
             {refused, "There are no numbers to show"},
             "Wrong site, or the key lacks org_app_keys_read. No poll has succeeded yet."},
        Case{"FailingWithOldNumbers",
             failing_with_old_numbers,
             Condition::needs_attention,
             {refused, "The numbers are old"},
             "The numbers are from the last good poll, 2 minutes ago (2026-11-24 19:08:16 UTC), and are "
             "shown until they "
             "are 1 hour old."},
        Case{"Stale",
             stale,
             Condition::needs_attention,
             {refused, "The numbers are stale and no longer shown"},
             "The last success was 2 hours ago (2026-11-24 17:10:16 UTC)."},
        Case{"StaleWithoutAFailure",
             [] {
                 auto status = healthy("x");
                 status.inventory = nullptr;
                 return status;
             },
             Condition::needs_attention,
             {"The numbers are stale and no longer shown"},
             "No poll has succeeded for more than 1 hour"},
        Case{"Incomplete",
             [] { return incomplete(1); },
             Condition::needs_attention,
             {"The listing is incomplete"},
             "13 tokens were read, Datadog reports 15; 1 token was listed again."},
        Case{"IncompleteWithoutDuplicates",
             [] { return incomplete(0); },
             Condition::needs_attention,
             {"The listing is incomplete"},
             "13 tokens were read, Datadog reports 15. Each scan of the list was inconsistent"},
        Case{"Stuck",
             [] {
                 auto status = healthy("x");
                 status.moving = false;
                 return status;
             },
             Condition::needs_attention,
             {"The poll loop is stuck"},
             "restart"},
        Case{"OwnTokenExpiresSoon",
             [] { return healthy("x", [](auto& inventory) { inventory.credential_expiry = now() + 49h; }); },
             Condition::needs_attention,
             {"The exporter's own access token expires in 2 days (2026-11-26 20:10:16 UTC)"},
             "Polls will fail"},
        Case{"OwnTokenExpiresInAWeek",
             [] {
                 return healthy("x", [](auto& inventory) { inventory.credential_expiry = now() + 24h * 7; });
             },
             Condition::healthy,
             {},
             ""}),
    [](const auto& tested) { return tested.param.name; });

std::string card_of(const OrganizationStatus& status, base::Timestamp moment = now()) {
    return organization_card(status, sample_settings(), CardSize::open, moment).str();
}

std::string heading_of(const std::string& card) {
    const auto start = card.find("<span class=\"status\">");
    return card.substr(start, card.find("</summary>") - start);
}

TEST(OrganizationCard, HeadingShowsPollingHealthAndTheWorstFinding) {
    EXPECT_EQ(heading_of(card_of(healthy("x", leak_one))),
              "<span class=\"status\"><span class=\"state healthy\">Polling healthy</span> · "
              "<span class=\"critical\">1 leaked token</span></span>");
    EXPECT_THAT(heading_of(card_of(healthy("x"))),
                HasSubstr("<span class=\"warning\">4 privileged tokens without expiry</span>"));
}

TEST(OrganizationCard, HeadingShowsOnlyTheConditionWithoutFindings) {
    const auto card = card_of(healthy("x", [](auto& inventory) { inventory.at_risk = {}; }));
    EXPECT_EQ(heading_of(card),
              "<span class=\"status\"><span class=\"state healthy\">Polling healthy</span></span>");
}

TEST(OrganizationCard, ALeakedTokenIsNotCalledAProblemOfPolling) {
    const auto status = healthy("x", leak_one);
    EXPECT_EQ(condition(status, sample_settings(), now()), Condition::healthy);
    EXPECT_THAT(card_of(status), Not(HasSubstr("attention")));
}

TEST(OrganizationCard, BoxHasTheWorseColour) {
    const auto box_of = [](const OrganizationStatus& status) {
        const auto card = card_of(status);
        return card.substr(0, card.find('>'));
    };
    EXPECT_THAT(box_of(healthy("x", [](auto& inventory) { inventory.at_risk = {}; })),
                HasSubstr("\"card healthy\""));
    EXPECT_THAT(box_of(healthy("x")), HasSubstr("\"card attention\""));
    EXPECT_THAT(box_of(forbidden("x")), HasSubstr("\"card attention\""));
    EXPECT_THAT(box_of(healthy("x", leak_one)), HasSubstr("\"card alarm\""));
}

TEST(OrganizationCard, WithACriticalFindingIsNotFolded) {
    const auto folded = [](const OrganizationStatus& status) {
        return organization_card(status, sample_settings(), CardSize::folded, now()).str();
    };
    EXPECT_THAT(folded(healthy("x", leak_one)), HasSubstr("<details class=\"card alarm\" open>"));
    EXPECT_THAT(folded(healthy("x")), HasSubstr("<details class=\"card attention\">"));
}

TEST(OrganizationCard, ABriefOneListsNoTokens) {
    const auto status = healthy(
        "x", [](auto& inventory) { inventory.details = {detail_of("robot", {inventory::Finding::leaked})}; });
    EXPECT_THAT(card_of(status), HasSubstr("robot"));
    EXPECT_THAT(organization_card(status, sample_settings(), CardSize::brief, now()).str(),
                Not(HasSubstr("robot")));
}

TEST(OrganizationCard, WithoutNumbersHasNoPicture) {
    const auto card = card_of(forbidden("x"));
    EXPECT_THAT(card, Not(HasSubstr("<table")));
    EXPECT_THAT(card, Not(HasSubstr("<svg")));
    EXPECT_THAT(card, HasSubstr("No poll has succeeded yet."));
}

TEST(OrganizationCard, SaysThatNothingIsListed) {
    const auto card = card_of(healthy("x", [](auto& inventory) { inventory.tokens = 0; }));
    EXPECT_THAT(card, HasSubstr("0 tokens"));
    EXPECT_THAT(card, HasSubstr("The list of access tokens is empty."));
}

TEST(OrganizationCard, ReportsASingleOwner) {
    const auto card_with = [](std::optional<bool> single_owner) {
        return card_of(healthy("x", [&](auto& inventory) { inventory.single_owner = single_owner; }));
    };
    EXPECT_THAT(card_with(true), HasSubstr("All tokens have one owner."));
    EXPECT_THAT(card_with(false), Not(HasSubstr("All tokens have one owner.")));
    EXPECT_THAT(card_with(std::nullopt), Not(HasSubstr("All tokens have one owner.")));
}

TEST(OrganizationCard, SaysThatAFilterIsSet) {
    auto status = healthy("x");
    EXPECT_THAT(card_of(status), Not(HasSubstr("filter")));
    status.filtered = true;
    EXPECT_THAT(card_of(status), HasSubstr("only tokens that match the configured filter"));
}

TEST(OrganizationCard, BeforeTheFirstPollOnlyTheIntervalIsTold) {
    EXPECT_THAT(card_of(waiting("x")), HasSubstr("<dd>Every 5 minutes</dd>"));
}

TEST(OrganizationCard, NextPollIsUnderWayOnceItsTimeHasCome) {
    EXPECT_THAT(card_of(healthy("x"), now() + 10min), HasSubstr("Every 5 minutes, the next is in progress"));
}

TEST(OrganizationCard, ShowsWhatIsKnownOfTheRateLimit) {
    auto status = healthy("x");
    status.statistics.rate_limit.reset();
    status.statistics.rate_limit_reset.reset();
    status.statistics.rate_limit_remaining = -3;
    EXPECT_THAT(card_of(status), HasSubstr("<dd>0 requests left as of the last answer</dd>"));
    status.statistics.rate_limit_remaining.reset();
    EXPECT_THAT(card_of(status), Not(HasSubstr("Rate limit")));
}

}  // namespace
}  // namespace exporter::web
