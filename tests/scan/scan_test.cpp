#include "scan/scan.h"

#include "scan/fakes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace exporter::scan {
namespace {

using datadog::Answer;
using datadog::Date;
using datadog::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::function<Answer()> error(ErrorKind kind, int status, std::optional<seconds> retry_after = std::nullopt) {
    return [=] { return error_answer(kind, status, retry_after); };
}

TEST(Scan, ReadsPagesUntilAShortOneProvesTheReportedTotal) {
    ScanFixture fixture;
    fixture.source.script(
        {page(PageBuilder().token("a").token("b").total(3)), page(PageBuilder().token("c").total(3))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(listing->tokens, 3U);
    EXPECT_EQ(listing->reported_tokens, 3U);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b", "c"));
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

TEST(Scan, AFullLastPageIsFollowedByOneMoreToProveTheEnd) {
    ScanFixture fixture;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(2)), page(PageBuilder().total(2))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

TEST(Scan, WithoutATotalOnlyAnEmptyPageIsTheEnd) {
    ScanFixture fixture;
    fixture.source.script(
        {page(PageBuilder().token("a")), page(PageBuilder().token("b")), page(PageBuilder())});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(listing->reported_tokens, std::nullopt);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b"));
}

TEST(Scan, AnEmptyOrganizationIsComplete) {
    ScanFixture fixture;
    fixture.source.script({page(PageBuilder().total(0))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(listing->tokens, 0U);
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U));
}

TEST(Scan, BrokenSecondPageFailsTheWholeListing) {
    ScanFixture fixture;
    fixture.source.script(
        {page(PageBuilder().token("a").token("b").total(3)), error(ErrorKind::forbidden, 403)});

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::forbidden);
    EXPECT_THAT(listing.error().message, HasSubstr("page 1: "));
    EXPECT_THAT(fixture.sink.listings, IsEmpty());
}

/// A reading whose total changes, so it is repeated.
std::vector<std::function<Answer()>> contradiction() {
    return {page(PageBuilder().token("a").token("b").total(4)), page(PageBuilder().token("c").total(3))};
}

TEST(Scan, PublishesAnInconsistentReadingIfTheNextOneFails) {
    ScanFixture fixture;
    fixture.options.max_retries = 0;
    auto script = contradiction();
    script.push_back(page(PageBuilder().token("z").token("y").total(4)));
    script.push_back(error(ErrorKind::server_error, 500));
    fixture.source.script(script);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(listing->tokens, 3U);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b", "c"));
}

TEST(Scan, PublishesAnInconsistentReadingIfRateLimited) {
    ScanFixture fixture;
    auto script = contradiction();
    script[1] = [] {
        Answer answer = page_answer(PageBuilder().token("c").total(3));
        answer.exchange.rate_limit = {
            .limit = 100, .remaining = 5, .period = seconds(3600), .reset = seconds(2400)};
        return answer;
    };
    fixture.source.script(script);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_FALSE(listing->complete);
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

TEST(Scan, CredentialsThatGoBadBetweenReadingsFailTheListing) {
    ScanFixture fixture;
    auto script = contradiction();
    script.push_back(error(ErrorKind::unauthorized, 401));
    fixture.source.script(script);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::unauthorized);
    EXPECT_THAT(fixture.sink.listings, IsEmpty());
}

TEST(Scan, ADefinitiveRefusalIsNotRepeated) {
    ScanFixture fixture;
    fixture.source.script({[] {
        Answer answer = error_answer(ErrorKind::connect, 407);
        answer.page.error().definitive = true;
        return answer;
    }});

    ASSERT_FALSE(fixture.run());

    EXPECT_THAT(fixture.source.asked, ElementsAre(0U));
}

TEST(Scan, DoesNotCountUnsentRequests) {
    ScanFixture fixture;
    fixture.options.max_retries = 0;
    fixture.source.script({[] {
        Answer answer = error_answer(ErrorKind::timeout, 0);
        answer.exchange.made = false;
        return answer;
    }});

    ASSERT_FALSE(fixture.run());

    EXPECT_TRUE(fixture.statistics.requests.empty());
}

TEST(Scan, KeepsTheErrorIfThereIsNoTimeToRetry) {
    ScanFixture fixture;
    fixture.source.script({error(ErrorKind::connect, 0), [] {
                               Answer answer = error_answer(ErrorKind::timeout, 0);
                               answer.exchange.made = false;
                               return answer;
                           }});

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::connect);
    EXPECT_THAT(listing.error().message, HasSubstr("no time is left to retry"));
}

TEST(Scan, ReadsTheCredentialsOnceDespiteRetriesAndRestarts) {
    ScanFixture fixture;
    auto script = contradiction();
    script.insert(script.begin(), error(ErrorKind::server_error, 503));
    script.push_back(page(PageBuilder().token("a").total(1)));
    fixture.source.script(script);

    ASSERT_TRUE(fixture.run());

    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 0U, 1U, 0U));
    EXPECT_EQ(fixture.source.prepared, 1);
}

TEST(Scan, UnreadableCredentialsFailBeforeAnyRequest) {
    ScanFixture fixture;
    fixture.source.prepare_error = datadog::Error{ErrorKind::credentials, "gone", std::nullopt};

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::credentials);
    EXPECT_EQ(listing.error().message, "gone");
    EXPECT_TRUE(fixture.statistics.requests.empty());
    EXPECT_THAT(fixture.source.asked, IsEmpty());
}

TEST(Scan, AServerThatIgnoresThePageNumberEndsAfterItsSecondPage) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) {
        return page_answer(PageBuilder().token("a").token("b").total(400));
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(listing->tokens, 2U);
    EXPECT_EQ(fixture.source.asked.size(), 2U * 3U);
}

TEST(Scan, AServerThatIgnoresThePageSizeIsStillReadToItsEnd) {
    ScanFixture fixture;
    fixture.options.page_size = 100;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(5)),
                           page(PageBuilder().token("c").token("d").total(5)),
                           page(PageBuilder().token("e").total(5))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(listing->tokens, 5U);
}

TEST(Scan, AnEndlessListingIsItsOwnError) {
    ScanFixture fixture;
    fixture.options.max_pages = 50;
    fixture.source.respond = [](std::size_t number) {
        return page_answer(PageBuilder().token(fmt::format("{}a", number)).token(fmt::format("{}b", number)));
    };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::endless);
    EXPECT_EQ(fixture.source.asked.size(), 50U);
}

/// An endless listing with two tokens per page.
void list_without_end(FakeSource& source) {
    source.respond = [](std::size_t number) {
        return page_answer(PageBuilder().token(fmt::format("{}a", number)).token(fmt::format("{}b", number)));
    };
}

TEST(Scan, FailsAboveTheTokenLimit) {
    ScanFixture fixture;
    fixture.options.max_tokens = 5;
    list_without_end(fixture.source);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::endless);
    EXPECT_EQ(listing.error().message, "the listing has more than 5 tokens (--poll.max-tokens)");
    EXPECT_EQ(fixture.source.asked.size(), 3U);
    EXPECT_EQ(fixture.sink.pending.size(), 5U);
}

TEST(Scan, PublishesAListingAtTheTokenLimit) {
    ScanFixture fixture;
    fixture.options.max_tokens = 2;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(2)),
                           page(PageBuilder().token("a").token("b").total(2))});

    EXPECT_TRUE(fixture.run());
}

TEST(Scan, FailsAboveTheScopeLimit) {
    ScanFixture fixture;
    fixture.sink.most_tokens = 2;
    list_without_end(fixture.source);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::endless);
    EXPECT_EQ(listing.error().message, "the listing has more distinct scopes than --poll.max-scopes allows");
    EXPECT_EQ(fixture.source.asked.size(), 2U);
    EXPECT_EQ(fixture.sink.pending.size(), 3U);
}

TEST(Scan, FailsIfOnlyTheLastTokenExceedsALimit) {
    for (const bool of_tokens : {true, false}) {
        ScanFixture fixture;
        (of_tokens ? fixture.options.max_tokens : fixture.sink.most_tokens) = 2;
        fixture.source.script(
            {page(PageBuilder().token("a").token("b").total(3)), page(PageBuilder().token("c").total(3))});

        const auto listing = fixture.run();

        ASSERT_FALSE(listing) << of_tokens;
        EXPECT_EQ(listing.error().kind, ErrorKind::endless);
    }
}

TEST(Scan, NoPageIsCountedAfterThePollsDeadline) {
    ScanFixture fixture;
    fixture.sink.on_add = [&fixture] { fixture.clock.advance(fixture.timeout / 3); };
    list_without_end(fixture.source);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::timeout);
    EXPECT_EQ(fixture.sink.pending.size(), 4U) << "only those of the page in progress";
}

TEST(Scan, WaitsForTheResetPlusJitterAfterA429) {
    ScanFixture fixture;
    fixture.source.script(
        {error(ErrorKind::rate_limited, 429, seconds(7)), page(PageBuilder().token("a").total(1))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_THAT(fixture.clock.waits, ElementsAre(milliseconds(7500)));
    EXPECT_EQ(fixture.statistics.retries[static_cast<std::size_t>(RetryReason::rate_limited)], 1U);
    EXPECT_EQ(fixture.statistics.requests.at(429), 1U);
}

TEST(Scan, AResetBeyondTheDeadlineEndsTheScanAtOnce) {
    ScanFixture fixture;
    fixture.source.script({error(ErrorKind::rate_limited, 429, seconds(3600))});

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::rate_limited);
    EXPECT_EQ(listing.error().retry_after, seconds(3600));
    EXPECT_THAT(fixture.clock.waits, IsEmpty());
}

struct Transient {
    std::string name;
    ErrorKind kind;
    int status;
    RetryReason reason;
};

class TransientErrors : public testing::TestWithParam<Transient> {};

TEST_P(TransientErrors, AreRetriedThreeTimesWithDoublingBackoff) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) { return error_answer(GetParam().kind, GetParam().status); };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, GetParam().kind);
    EXPECT_EQ(fixture.source.asked.size(), 4U);
    EXPECT_THAT(fixture.clock.waits, ElementsAre(seconds(1), seconds(2), seconds(4)));
    EXPECT_EQ(fixture.statistics.retries[static_cast<std::size_t>(GetParam().reason)], 3U);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TransientErrors,
    testing::Values(Transient{"ServerError", ErrorKind::server_error, 502, RetryReason::server_error},
                    Transient{"BrokenConnection", ErrorKind::network, 0, RetryReason::network},
                    Transient{"NoConnection", ErrorKind::connect, 0, RetryReason::network},
                    Transient{"NoName", ErrorKind::dns, 0, RetryReason::network},
                    Transient{"Silence", ErrorKind::timeout, 0, RetryReason::network},
                    Transient{"RateLimitWithoutReset", ErrorKind::rate_limited, 429,
                              RetryReason::rate_limited}),
    [](const auto& test) { return test.param.name; });

TEST(Scan, RetriesAPageThatFoundNoRoom) {
    ScanFixture fixture;
    int asked = 0;
    fixture.source.respond = [&asked](std::size_t) {
        if (++asked > 2) {
            return page_answer(PageBuilder().token("a").total(1));
        }
        auto answer = error_answer(ErrorKind::too_large, 0);
        answer.page.error().no_room = true;
        return answer;
    };

    ASSERT_TRUE(fixture.run());

    EXPECT_EQ(asked, 3);
    EXPECT_THAT(fixture.clock.waits, ElementsAre(seconds(1), seconds(2)));
    EXPECT_EQ(fixture.statistics.retries[static_cast<std::size_t>(RetryReason::network)], 2U);
}

TEST(Scan, FailsAsTooLargeIfAPageNeverFindsRoom) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) {
        auto answer = error_answer(ErrorKind::too_large, 0);
        answer.page.error().no_room = true;
        return answer;
    };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::too_large);
    EXPECT_TRUE(listing.error().no_room);
    EXPECT_EQ(fixture.source.asked.size(), 4U);
}

class LastingErrors : public testing::TestWithParam<ErrorKind> {};

TEST_P(LastingErrors, AreNotRetried) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) { return error_answer(GetParam(), 400); };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(fixture.source.asked.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LastingErrors,
                         testing::Values(ErrorKind::bad_request, ErrorKind::unauthorized,
                                         ErrorKind::forbidden, ErrorKind::not_found, ErrorKind::redirect,
                                         ErrorKind::tls, ErrorKind::too_large, ErrorKind::not_json,
                                         ErrorKind::bad_page),
                         [](const auto& test) { return std::string(datadog::label(test.param)); });

TEST(Scan, EndsAtACancelledRequest) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) { return error_answer(ErrorKind::cancelled, 0); };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::cancelled);
    EXPECT_EQ(fixture.source.asked.size(), 1U);
}

TEST(Scan, CountsRequestsBytesAndTheRateLimitAsTheyHappen) {
    ScanFixture fixture;
    fixture.source.respond = [&](std::size_t) {
        auto answer = page_answer(PageBuilder().token("a").total(1));
        answer.exchange.rate_limit = {
            .limit = 100, .remaining = 98, .period = seconds(10), .reset = seconds(4)};
        answer.page->facts.unparsed[static_cast<std::size_t>(datadog::Field::name)] = 2;
        return answer;
    };

    ASSERT_TRUE(fixture.run());

    EXPECT_EQ(fixture.statistics.requests.at(200), 1U);
    EXPECT_EQ(fixture.statistics.response_bytes, 1000U);
    EXPECT_EQ(fixture.statistics.last_pages, 1U);
    EXPECT_EQ(fixture.statistics.rate_limit, 100);
    EXPECT_EQ(fixture.statistics.rate_limit_remaining, 98);
    EXPECT_EQ(fixture.statistics.rate_limit_reset, fixture.clock.now() + seconds(4));
    EXPECT_EQ(fixture.statistics.unparsed[static_cast<std::size_t>(datadog::Field::name)], 2U);
    EXPECT_EQ(fixture.statistics.request_durations.counts[1], 1U);
}

TEST(Scan, FindsTheSameTokensWhateverThePagesOrRepeats) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        const std::size_t tokens = random() % 60;
        std::vector<std::string> ids;
        for (std::size_t i = 0; i < tokens; ++i) {
            ids.push_back(fmt::format("token-{}", i));
        }
        std::vector<std::string> listed = ids;
        std::shuffle(listed.begin(), listed.end(), random);
        ScanFixture fixture;
        fixture.options.page_size = 1 + random() % 10;
        // Duplicates precede the end: each page may repeat tokens from earlier in the listing.
        fixture.source.respond = [&, size = fixture.options.page_size](std::size_t number) {
            PageBuilder builder;
            builder.total(tokens);
            for (std::size_t i = number * size; i < std::min(tokens, (number + 1) * size); ++i) {
                builder.token(listed[i]);
                if (i > 0 && random() % 4 == 0) {
                    builder.token(listed[random() % i]);
                }
            }
            return page_answer(builder);
        };

        const auto listing = fixture.run();

        ASSERT_TRUE(listing);
        EXPECT_TRUE(listing->complete);
        EXPECT_EQ(listing->tokens, tokens);
        EXPECT_EQ(std::set<std::string>(fixture.sink.published.begin(), fixture.sink.published.end()),
                  std::set<std::string>(ids.begin(), ids.end()));
        EXPECT_EQ(fixture.sink.published.size(), tokens);
    }
}

datadog::Answer page_with_budget(const PageBuilder& page, std::int64_t remaining,
                                 std::chrono::seconds reset) {
    auto answer = page_answer(page);
    answer.exchange.rate_limit = {.limit = 100, .remaining = remaining, .reset = reset};
    return answer;
}

TEST(ScanAndTheRateLimit, WaitsForTheResetRatherThanUseTheReserve) {
    ScanFixture fixture;
    fixture.source.script({[] {
                               return page_with_budget(PageBuilder().token("a").token("b").total(3), 10,
                                                       std::chrono::seconds(7));
                           },
                           [] { return page_answer(PageBuilder().token("c").total(3)); }});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(fixture.clock.waits, std::vector<SteadyTime::duration>(
                                       {std::chrono::milliseconds(7350)}));  // including 5 % of jitter
    EXPECT_EQ(fixture.statistics.retries, decltype(fixture.statistics.retries){});
}

TEST(ScanAndTheRateLimit, AResetBeyondTheDeadlineEndsThePollWithARetryTime) {
    ScanFixture fixture;
    fixture.source.script({[] {
        return page_with_budget(PageBuilder().token("a").token("b").total(3), 5, std::chrono::seconds(600));
    }});

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, datadog::ErrorKind::rate_limited);
    EXPECT_EQ(listing.error().retry_after, std::chrono::seconds(600));
    EXPECT_EQ(fixture.source.asked.size(), 1U);
    EXPECT_TRUE(fixture.sink.listings.empty());
}

TEST(Scan, LimitsRetriesPerPoll) {
    ScanFixture fixture;
    fixture.options.max_retries_per_poll = 5;
    fixture.timeout = std::chrono::hours(1);
    bool fails = false;
    fixture.source.respond = [&](std::size_t number) {
        fails = !fails;
        return fails ? error_answer(datadog::ErrorKind::server_error, 503)
                     : page_answer(PageBuilder()
                                       .token("a" + std::to_string(number))
                                       .token("b" + std::to_string(number))
                                       .total(1000));
    };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, datadog::ErrorKind::server_error);
    EXPECT_EQ(fixture.source.asked.size(), 11U);
    // Five pages with two requests each, and one request over the limit.
    EXPECT_NE(listing.error().message.find("this poll has already retried 5 requests"), std::string::npos)
        << listing.error().message;
}

}  // namespace
}  // namespace exporter::scan
