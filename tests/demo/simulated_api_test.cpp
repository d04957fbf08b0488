#include "demo/simulated_api.h"

#include "datadog/page.h"
#include "support/listing_json.h"
#include "support/simulated_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <vector>

namespace exporter::demo {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto now =
    base::Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 3 / 14)) + std::chrono::hours(15);

OrganizationOptions of_size(std::size_t tokens) {
    OrganizationOptions options;
    options.tokens = tokens;
    return options;
}

datadog::Page as_over_http(const support::Slice& slice) {
    const std::string json =
        support::listing_json(slice, {.total_json = std::to_string(slice.total_filtered_count)});
    datadog::Page page;
    page.body.assign(json.begin(), json.end());
    page.body.push_back('\0');
    EXPECT_TRUE(datadog::parse_page(page));
    return page;
}

TEST(PageOf, MatchesWhatAClientParsesFromJson) {
    SimulatedOrganization organization(of_size(137), now);
    support::cut_dates(organization);
    organization.advance(now + hours(1));  // edits and uses some tokens
    const std::span<const SimulatedToken> all = organization.tokens();
    std::size_t tokens = 0;
    for (datadog::PageRequest request{.size = 50, .sort = "created_at"}; request.number < 3;
         ++request.number) {
        const support::Slice slice = support::list(organization, request);
        const datadog::Page direct =
            page_of(all.subspan(50 * request.number, slice.tokens.size()), all.size(), now);
        const datadog::Page parsed = as_over_http(slice);
        ASSERT_EQ(direct.tokens.size(), parsed.tokens.size());
        for (std::size_t place = 0; place < direct.tokens.size(); ++place) {
            const datadog::Token& one = direct.tokens[place];
            const datadog::Token& other = parsed.tokens[place];
            EXPECT_EQ(one.id, other.id);
            EXPECT_EQ(one.name, other.name);
            EXPECT_EQ(one.public_portion, other.public_portion);
            EXPECT_EQ(one.owner_id, other.owner_id);
            EXPECT_EQ(one.type, other.type);
            EXPECT_EQ(one.owner_type, other.owner_type);
            EXPECT_EQ(one.leak, other.leak);
            EXPECT_EQ(one.created_at, other.created_at);
            EXPECT_EQ(one.expires_at, other.expires_at);
            EXPECT_EQ(one.last_used_at, other.last_used_at);
            EXPECT_EQ(one.modified_at, other.modified_at);
            EXPECT_TRUE(
                std::equal(one.scopes.begin(), one.scopes.end(), other.scopes.begin(), other.scopes.end()));
            EXPECT_EQ(one.scopes_readable, other.scopes_readable);
        }
        EXPECT_EQ(direct.facts.elements, parsed.facts.elements);
        EXPECT_EQ(direct.facts.total_filtered_count, parsed.facts.total_filtered_count);
        EXPECT_EQ(direct.facts.unparsed, parsed.facts.unparsed);
        tokens += direct.tokens.size();
    }
    EXPECT_EQ(tokens, organization.tokens().size());
}

TEST(PageOf, OutlivesTheOrganization) {
    datadog::Page page;
    {
        SimulatedOrganization organization(of_size(10), now);
        page = page_of(organization.tokens(), 10, now);
    }
    ASSERT_THAT(page.tokens, SizeIs(10));
    for (const auto& token : page.tokens) {
        EXPECT_THAT(token.id, SizeIs(36));
        EXPECT_GE(token.public_portion.data(), page.body.data());
        EXPECT_LE(token.public_portion.data(), page.body.data() + page.body.size());
    }
}

constexpr SimulatedRateLimit generous{.limit = 1000, .period = seconds(60)};

TEST(SimulatedApi, AnswersAsTheApiDoes) {
    SimulatedApi api(of_size(45), generous, now);

    const auto answer = api.page(1, 30, now);

    ASSERT_TRUE(answer.page);
    EXPECT_THAT(answer.page->tokens, SizeIs(15));
    EXPECT_EQ(answer.page->facts.elements, 15U);
    EXPECT_EQ(answer.page->facts.total_filtered_count, 45U);
    EXPECT_EQ(answer.page->asked_at, now);
    EXPECT_EQ(answer.page->answered_at, now);
    EXPECT_TRUE(answer.exchange.made);
    EXPECT_EQ(answer.exchange.status, 200);
    EXPECT_GT(answer.exchange.body_bytes, 15U * 36U);
}

TEST(SimulatedApi, APagePastTheEndIsEmpty) {
    SimulatedApi api(of_size(45), generous, now);

    const auto past_the_end = api.page(7, 10, now);

    ASSERT_TRUE(past_the_end.page);
    EXPECT_THAT(past_the_end.page->tokens, IsEmpty());
    EXPECT_EQ(past_the_end.page->facts.total_filtered_count, 45U);
}

std::set<std::string> ids_at(SimulatedApi& api, base::Timestamp moment) {
    std::set<std::string> ids;
    const auto answer = api.page(0, 100, moment);
    for (const auto& token : answer.page->tokens) {
        ids.emplace(token.id);
    }
    return ids;
}

TEST(SimulatedApi, FollowsTheGivenClock) {
    SimulatedApi api(of_size(45), generous, now);
    const auto first = ids_at(api, now);
    EXPECT_EQ(ids_at(api, now), first);
    EXPECT_NE(ids_at(api, now + hours(5)), first);
}

TEST(SimulatedApi, EnforcesTheRateLimitUntilTheWindowEnds) {
    SimulatedApi api(of_size(5), {.limit = 3, .period = seconds(60)}, now);
    for (const std::int64_t remaining : {2, 1, 0}) {
        const auto answer = api.page(0, 100, now + seconds(50));
        EXPECT_TRUE(answer.page);
        EXPECT_EQ(answer.exchange.rate_limit.limit, 3);
        EXPECT_EQ(answer.exchange.rate_limit.period, seconds(60));
        EXPECT_EQ(answer.exchange.rate_limit.remaining, remaining);
        EXPECT_EQ(answer.exchange.rate_limit.reset, seconds(10));
    }

    const auto refused = api.page(0, 100, now + seconds(59));
    ASSERT_FALSE(refused.page);
    EXPECT_EQ(refused.page.error().kind, datadog::ErrorKind::rate_limited);
    EXPECT_EQ(refused.page.error().retry_after, seconds(1));
    EXPECT_EQ(refused.exchange.status, 429);
    EXPECT_EQ(refused.exchange.rate_limit.remaining, 0);

    EXPECT_TRUE(api.page(0, 100, now + seconds(60)).page);
}

TEST(SimulatedApi, IsThreadSafe) {
    SimulatedApi api(of_size(200), generous, now);
    const auto read = [&](int reader) {
        std::size_t tokens = 0;
        for (std::size_t page = 0; page < 20; ++page) {
            const auto answer = api.page(page, 10, now + seconds(10 * static_cast<int>(page) + reader));
            tokens += answer.page ? answer.page->tokens.size() : 0;
        }
        return tokens;
    };
    std::vector<std::future<std::size_t>> readers;
    for (int reader = 0; reader < 4; ++reader) {
        readers.push_back(std::async(std::launch::async, read, reader));
    }
    for (auto& reader : readers) {
        EXPECT_GE(reader.get(), 150U);
    }
}

}  // namespace
}  // namespace exporter::demo
