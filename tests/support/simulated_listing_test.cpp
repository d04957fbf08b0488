#include "support/simulated_listing.h"

#include "base/dates.h"
#include "support/simulated_harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace exporter::support {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PageSize : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PageSize, PagesCoverEveryTokenExactlyOnce) {
    Harness harness;
    std::multiset<std::string> seen;
    for (std::size_t page = 0;; ++page) {
        const auto ids =
            harness.ids("page[size]=" + std::to_string(GetParam()) + "&page[number]=" + std::to_string(page));
        ASSERT_LE(ids.size(), GetParam());
        if (ids.empty()) {
            break;
        }
        seen.insert(ids.begin(), ids.end());
    }
    std::multiset<std::string> expected;
    for (const auto& [id, token] : harness.tokens()) {
        expected.insert(id);
    }
    EXPECT_EQ(seen, expected);
    EXPECT_THAT(seen, SizeIs(137));
}

INSTANTIATE_TEST_SUITE_P(Sizes, PageSize, ::testing::Values(1, 7, 10, 99, 100),
                         ::testing::PrintToStringParamName());

TEST(Paging, BeginsAtPageZeroWithTenTokens) {
    Harness harness;
    EXPECT_THAT(harness.ids(""), SizeIs(10));
    EXPECT_EQ(harness.ids(""), harness.ids("page[number]=0&page[size]=10"));
}

TEST(Paging, APagePastTheEndIsEmpty) {
    Harness harness;
    EXPECT_THAT(harness.ids("page[number]=14"), IsEmpty());
    EXPECT_THAT(harness.ids("page[size]=100&page[number]=18446744073709551615"), IsEmpty());
    EXPECT_EQ(harness.get(listing + "?page[number]=14").status, 200);
}

struct SortCase {
    std::string sort;
    std::function<bool(const demo::SimulatedToken&, const demo::SimulatedToken&)> in_order;
};

class Sorting : public ::testing::TestWithParam<SortCase> {};

std::string sort_name(const ::testing::TestParamInfo<SortCase>& tested) {
    const auto& sort = tested.param.sort;
    return sort.empty() ? "unsorted" : sort.starts_with('-') ? sort.substr(1) + "_descending" : sort;
}

TEST_P(Sorting, OrdersTheWholeListing) {
    Harness harness(still_options(90));
    const auto tokens = harness.tokens();
    const auto ids =
        harness.ids("page[size]=100" + (GetParam().sort.empty() ? "" : "&sort=" + GetParam().sort));
    ASSERT_THAT(ids, SizeIs(90));
    for (std::size_t index = 1; index < ids.size(); ++index) {
        EXPECT_TRUE(GetParam().in_order(tokens.at(ids[index - 1]), tokens.at(ids[index]))) << "at " << index;
    }
}

using Moment = std::optional<base::Timestamp>;

bool nulls_last(const Moment& left, const Moment& right) {
    return !right || (left && *left <= *right);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, Sorting,
    ::testing::Values(
        SortCase{"", [](const auto& left, const auto& right) { return left.name <= right.name; }},
        SortCase{"name", [](const auto& left, const auto& right) { return left.name <= right.name; }},
        SortCase{"-name", [](const auto& left, const auto& right) { return left.name >= right.name; }},
        SortCase{"created_at",
                 [](const auto& left, const auto& right) { return left.created_at <= right.created_at; }},
        SortCase{"-created_at",
                 [](const auto& left, const auto& right) { return left.created_at >= right.created_at; }},
        SortCase{"expires_at",
                 [](const auto& left, const auto& right) {
                     return nulls_last(left.expires_at, right.expires_at);
                 }},
        SortCase{"-expires_at",
                 [](const auto& left, const auto& right) {
                     return nulls_last(right.expires_at, left.expires_at);
                 }},
        SortCase{"last_used_at",
                 [](const auto& left, const auto& right) {
                     return nulls_last(left.last_used_at, right.last_used_at);
                 }},
        SortCase{"-last_used_at",
                 [](const auto& left, const auto& right) {
                     return nulls_last(right.last_used_at, left.last_used_at);
                 }}),
    sort_name);

TEST(Sorting, BreaksTiesById) {
    Harness harness(still_options(0));
    harness.server.with_organization([](demo::SimulatedOrganization& organization) {
        for (const char* id : {"b", "c", "a"}) {
            auto token = organization.make_token(test_now);
            token.id = id;
            token.name = "same";
            create(organization, token);
        }
    });
    EXPECT_THAT(harness.ids("sort=name"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(harness.ids("sort=-name"), ElementsAre("a", "b", "c"));
}

TEST(Sorting, FollowsAChangeOfTheOrganization) {
    Harness harness(still_options(50));
    auto expected = harness.ids("page[size]=100");
    const std::string revoked = expected.at(20);
    harness.server.with_organization(
        [&](demo::SimulatedOrganization& organization) { EXPECT_TRUE(revoke(organization, revoked)); });
    expected.erase(expected.begin() + 20);
    EXPECT_EQ(harness.ids("page[size]=100"), expected);
}

TEST(Change, RevokingAnUnknownTokenIsFalse) {
    demo::SimulatedOrganization organization({.tokens = 5}, test_now);
    EXPECT_FALSE(revoke(organization, "nobody"));
    EXPECT_THAT(organization.tokens(), SizeIs(5));
}

TEST(Filtering, NameFilterMatchesAPartInAnyCase) {
    Harness harness;
    const auto document = harness.get(listing + "?page[size]=100&filter=DaTaDoG_tOkEn").json();
    ASSERT_EQ(document["data"].size(), 1U);
    EXPECT_EQ(document["data"][std::size_t{0}]["attributes"]["name"].text(), "datadog_token_exporter");
    EXPECT_EQ(document["meta"]["page"]["total_filtered_count"].number(), 1U);
}

TEST(Filtering, PercentEncodedFilterIsDecoded) {
    Harness harness(still_options(0));
    harness.server.with_organization([](demo::SimulatedOrganization& organization) {
        auto token = organization.make_token(test_now);
        token.name = "a & b = 東京";
        create(organization, token);
        token.id = "other";
        token.name = "a";
        create(organization, token);
    });
    EXPECT_THAT(harness.ids("filter=a%20%26%20b%20=%20%E6%9D%B1"), SizeIs(1));
}

TEST(Filtering, CombinesOwners) {
    Harness harness;
    std::map<std::string, std::set<std::string>> by_owner;
    for (const auto& [id, token] : harness.tokens()) {
        by_owner[token.owner_id].insert(id);
    }
    ASSERT_GE(by_owner.size(), 2U);
    const auto& [first, first_tokens] = *by_owner.begin();
    const auto& [last, last_tokens] = *by_owner.rbegin();

    const auto one = harness.ids("page[size]=100&filter%5Bowned_by%5D=" + first);
    const auto both =
        harness.ids("page[size]=100&filter[owned_by]=" + first + "&filter%5Bowned_by%5D=" + last);

    EXPECT_EQ(std::set<std::string>(one.begin(), one.end()), first_tokens);
    EXPECT_THAT(both, SizeIs(first_tokens.size() + last_tokens.size()));
    EXPECT_THAT(harness.ids("filter[owned_by]=nobody"), IsEmpty());
}

base::Timestamp date_of(const Json& text) {
    return base::parse_rfc3339(text.text()).value_or(base::Timestamp::min());
}

Moment optional_date_of(const Json& attributes, const char* key) {
    if (!attributes.has(key) || attributes[key].is_null()) {
        return std::nullopt;
    }
    return date_of(attributes[key]);
}

TEST(Wire, EveryTokenRoundTrips) {
    Harness harness(still_options(100));
    const auto tokens = harness.tokens();
    const auto document = harness.get(listing + "?page[size]=100").json();
    ASSERT_EQ(document["data"].size(), 100U);
    for (const auto& element : document["data"].elements()) {
        const auto& token = tokens.at(element["id"].text());
        const auto& attributes = element["attributes"];
        EXPECT_EQ(attributes["name"].text(), token.name);
        EXPECT_EQ(attributes["public_portion"].text(), token.public_portion);
        EXPECT_EQ(date_of(attributes["created_at"]), token.created_at);
        EXPECT_EQ(optional_date_of(attributes, "expires_at"), token.expires_at);
        EXPECT_EQ(optional_date_of(attributes, "last_used_at"), token.last_used_at);
        EXPECT_EQ(optional_date_of(attributes, "modified_at"), token.modified_at);
        std::vector<std::string> scopes;
        for (const auto& scope : attributes["scopes"].elements()) {
            scopes.emplace_back(scope.text());
        }
        EXPECT_THAT(scopes, ElementsAreArray(token.scopes));
        EXPECT_EQ(element["relationships"]["owned_by"]["data"]["id"].text(), token.owner_id);
        EXPECT_EQ(element["relationships"]["leak_information"]["data"].is_object(), token.leaked);
    }
}

TEST(Wire, TypesHaveTheNamesThatTheApiGivesThem) {
    Harness harness(still_options(100));
    const auto tokens = harness.tokens();
    const auto document = harness.get(listing + "?page[size]=100").json();
    for (const auto& element : document["data"].elements()) {
        const auto& token = tokens.at(element["id"].text());
        const std::string type = element["type"].text();
        const std::string owner = element["relationships"]["owned_by"]["data"]["type"].text();
        EXPECT_EQ(type, token.type == datadog::TokenType::service ? "service_access_tokens"
                                                                  : "personal_access_tokens");
        EXPECT_EQ(owner, token.owner_type == datadog::OwnerType::user ? "users" : "service_account");
    }
}

TEST(Wire, CoversEveryFormTheApiAllows) {
    Harness harness;
    std::set<std::size_t> digits;
    std::set<std::string> offsets;
    bool null_expiry = false;
    bool absent_expiry = false;
    for (const char* page : {"0", "1"}) {
        const auto document = harness.get(listing + "?page[size]=100&page[number]=" + page).json();
        for (const auto& element : document["data"].elements()) {
            const auto& attributes = element["attributes"];
            const std::string created = attributes["created_at"].text();
            const auto offset = created.find_first_of("Z+");
            digits.insert(offset - std::string("2026-01-01T00:00:00").size());
            offsets.insert(created.substr(offset));
            absent_expiry |= !attributes.has("expires_at");
            null_expiry |= attributes.has("expires_at") && attributes["expires_at"].is_null();
        }
    }
    EXPECT_THAT(digits, ElementsAre(0, 4, 7));  // with the decimal point
    EXPECT_THAT(offsets, ElementsAre("+00:00", "Z"));
    EXPECT_TRUE(null_expiry);
    EXPECT_TRUE(absent_expiry);
}

TEST(Wire, LeakedTokensAreExplainedInIncluded) {
    Harness harness;
    const auto tokens = harness.tokens();
    const auto leaked = static_cast<std::size_t>(
        std::count_if(tokens.begin(), tokens.end(), [](const auto& entry) { return entry.second.leaked; }));
    ASSERT_GE(leaked, 1U);
    std::size_t included = 0;
    for (const char* page : {"0", "1"}) {
        const auto document = harness.get(listing + "?page[size]=100&page[number]=" + page).json();
        for (const auto& key : document["included"].elements()) {
            EXPECT_EQ(key["type"].text(), "leaked_keys");
            EXPECT_NE(date_of(key["attributes"]["date"]), base::Timestamp::min());
            EXPECT_EQ(key["attributes"]["leak_source"].text(), "github");
            ++included;
        }
    }
    EXPECT_EQ(included, leaked);
}

TEST(Wire, OmitsLeaksIfNotReported) {
    auto options = still_options(50);
    options.report_leaks = false;
    Harness harness(std::move(options));
    const auto document = harness.get(listing + "?page[size]=100").json();
    for (const auto& element : document["data"].elements()) {
        EXPECT_FALSE(element["relationships"].has("leak_information"));
    }
    EXPECT_EQ(document["included"].size(), 0U);
}

}  // namespace
}  // namespace exporter::support
