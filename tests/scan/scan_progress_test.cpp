// Every reading makes progress or ends: a page without a new ID, readable or not, is the last one requested.
// Also checks the error of a reading that ended without progress or out of time.
#include "scan/poller.h"
#include "scan/simulated_network.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

namespace exporter::scan {
namespace {

using datadog::Answer;
using datadog::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PageBuilder with_total(std::optional<std::uint64_t> total) {
    PageBuilder builder;
    return total ? builder.total(*total) : builder;
}

struct Unreadable {
    std::string name;
    std::size_t concurrency;
    std::optional<std::uint64_t> total;
};

class RowsThatCanNotBeReadOnEveryPage : public testing::TestWithParam<Unreadable> {};

TEST_P(RowsThatCanNotBeReadOnEveryPage, AreABadPageAfterOneRequest) {
    ScanFixture fixture;
    fixture.options.concurrency = GetParam().concurrency;
    std::mt19937 random(1);
    SimulatedNetwork network(fixture.clock, random, [](std::size_t) {
        return page_answer(with_total(GetParam().total).unreadable_tokens(2));
    });

    const auto listing = network.run(fixture);

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::bad_page);
    EXPECT_EQ(listing.error().message, "page 0: none of its rows can be read; rows without a string id: 2");
    EXPECT_THAT(fixture.sink.listings, IsEmpty()) << "unreadable rows are not an empty listing";
    EXPECT_EQ(network.requests, 1U);
}

INSTANTIATE_TEST_SUITE_P(Totals, RowsThatCanNotBeReadOnEveryPage,
                         testing::Values(Unreadable{"WithoutATotal", 1, std::nullopt},
                                         Unreadable{"OfTheReportedTotal", 1, 2},
                                         Unreadable{"OfATotalOfNone", 1, 0},
                                         Unreadable{"OfAMillion", 1, 1'000'000},
                                         Unreadable{"WithoutATotalSideBySide", 8, std::nullopt},
                                         Unreadable{"OfAMillionSideBySide", 8, 1'000'000}),
                         [](const auto& test) { return test.param.name; });

/// Two tokens on the first page, and only unreadable rows on all others.
struct BrokenOff {
    std::string name;
    std::size_t rows;
    std::optional<std::uint64_t> total;
};

void break_off(FakeSource& source, std::size_t rows, std::optional<std::uint64_t> total) {
    source.respond = [=](std::size_t number) {
        return page_answer(number == 0 ? with_total(total).token("a").token("b")
                                       : with_total(total).unreadable_tokens(rows));
    };
}

class AListingThatBreaksOffAtRowsThatCanNotBeRead : public testing::TestWithParam<BrokenOff> {};

TEST_P(AListingThatBreaksOffAtRowsThatCanNotBeRead, DoesNotReplaceAGoodOne) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    break_off(fixture.source, GetParam().rows, GetParam().total);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::bad_page);
    EXPECT_THAT(listing.error().message,
                HasSubstr(fmt::format("page 1: none of its rows can be read; rows without a string id: {}",
                                      GetParam().rows)));
    EXPECT_THAT(listing.error().message, HasSubstr("; tokens before it: 2"));
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

TEST_P(AListingThatBreaksOffAtRowsThatCanNotBeRead, IsBetterThanNone) {
    ScanFixture fixture;
    break_off(fixture.source, GetParam().rows, GetParam().total);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b"));
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

INSTANTIATE_TEST_SUITE_P(Totals, AListingThatBreaksOffAtRowsThatCanNotBeRead,
                         testing::Values(BrokenOff{"FarFromItsTotal", 2, 1000},
                                         BrokenOff{"FarFromItsTotalAtAShortPage", 1, 1000},
                                         BrokenOff{"AtAFullPageWithoutATotal", 2, std::nullopt}),
                         [](const auto& test) { return test.param.name; });

class RowsThatCanNotBeReadAtTheEnd : public testing::TestWithParam<BrokenOff> {};

TEST_P(RowsThatCanNotBeReadAtTheEnd, OnlyMakeTheListingIncomplete) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    break_off(fixture.source, GetParam().rows, GetParam().total);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_FALSE(listing->complete);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b"));
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
}

INSTANTIATE_TEST_SUITE_P(Totals, RowsThatCanNotBeReadAtTheEnd,
                         testing::Values(BrokenOff{"OfTheReportedTotal", 2, 4},
                                         BrokenOff{"OfAShortPage", 1, 3},
                                         BrokenOff{"OfAShortPageWithoutATotal", 1, std::nullopt}),
                         [](const auto& test) { return test.param.name; });

TEST(ScanProgress, PublishesAListingCutInItsLastTenthAsIncomplete) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    break_off(fixture.source, 7, 10);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_FALSE(listing->complete);
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U)) << "another reading would get the same rows";
}

TEST(ScanProgress, DoesNotRestartACutListingThatChanged) {
    for (const bool by_total : {true, false}) {
        ScanFixture fixture;
        const auto now = fixture.clock.now();
        fixture.source.respond = [=](std::size_t number) {
            PageBuilder builder;
            builder.total(by_total ? 1000 + number : 1000).asked_at(now);
            return page_answer(number == 0 ? builder.token("a").token("b", datadog::Date::at(now))
                                           : builder.unreadable_tokens(2));
        };

        const auto listing = fixture.run();

        ASSERT_TRUE(listing);
        EXPECT_FALSE(listing->complete);
        EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U)) << by_total;
    }
}

TEST(ScanProgress, ARepeatedPageIsTheLastDespiteUnreadableRows) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t) {
        return page_answer(PageBuilder().token("a").unreadable_tokens(1).total(2));
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U)) << "its rows are not counted twice";
}

TEST(ScanProgress, AnUnreadableRowAmongRepeatedOnesMakesItIncomplete) {
    ScanFixture fixture;
    fixture.options.max_attempts = 1;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(2)),
                           page(PageBuilder().token("b").unreadable_tokens(1).total(2))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
}

TEST(ScanProgress, OneNewTokenOnAPageIsProgress) {
    ScanFixture fixture;
    fixture.options.page_size = 3;
    fixture.source.respond = [](std::size_t number) {
        PageBuilder builder;
        builder.total(12);
        return page_answer(number < 4 ? builder.token(fmt::format("{}", number)).unreadable_tokens(2)
                                      : builder);
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(listing->tokens, 4U);
    EXPECT_EQ(fixture.source.asked.size(), 5U);
}

TEST(ScanProgress, InParallelATokenlessPageStopsFurtherRequests) {
    ScanFixture fixture;
    fixture.options = {.page_size = 2, .concurrency = 8};
    int on_the_way = 0;
    // The third page takes 5 s, all others 10 ms each way.
    SimulatedNetwork network(
        fixture.clock,
        [](std::size_t number) {
            PageBuilder builder;
            builder.total(1'000'000);
            return page_answer(
                number < 2
                    ? builder.token(fmt::format("{}", 2 * number)).token(fmt::format("{}", 2 * number + 1))
                    : builder.unreadable_tokens(2));
        },
        [&on_the_way] { return milliseconds(++on_the_way == 5 ? 5000 : 10); });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing);
    EXPECT_EQ(network.requests, 2U + 8U);
}

class ASecondPageThatBringsNothingNew : public testing::TestWithParam<std::size_t> {};

/// How many requests a reading makes if each page after the first is repeated or unreadable.
std::size_t requests_of_a_reading(std::size_t concurrency, bool repeated) {
    ScanFixture fixture;
    fixture.options = {.page_size = 2, .concurrency = concurrency, .max_attempts = 1};
    std::mt19937 random(1);
    SimulatedNetwork network(fixture.clock, random, [repeated](std::size_t number) {
        PageBuilder builder;
        builder.total(100'000);
        return page_answer(number == 0 || repeated ? builder.token("a").token("b")
                                                   : builder.unreadable_tokens(2));
    });
    EXPECT_TRUE(network.run(fixture));
    return network.requests;
}

TEST_P(ASecondPageThatBringsNothingNew, IsTheLastIfItRepeatsTheFirst) {
    EXPECT_EQ(requests_of_a_reading(GetParam(), true), 2U);
}

TEST_P(ASecondPageThatBringsNothingNew, IsTheLastIfItIsUnreadable) {
    EXPECT_EQ(requests_of_a_reading(GetParam(), false), 2U);
}

INSTANTIATE_TEST_SUITE_P(Concurrency, ASecondPageThatBringsNothingNew, testing::Values(1, 4, 16));

/// Endless pages with one new token each, answered after `pause`.
void list_for_ever(ScanFixture& fixture, SteadyTime::duration pause) {
    fixture.source.respond = [&fixture, pause](std::size_t number) {
        fixture.clock.advance(std::min(pause, fixture.deadline() - fixture.clock.steady_now()));
        return fixture.clock.steady_now() < fixture.deadline()
                   ? page_answer(PageBuilder().token(fmt::format("{}", number)).unreadable_tokens(99))
                   : error_answer(ErrorKind::timeout, 0);
    };
}

TEST(ScanOutOfTime, SaysHowFarItGotAndThatPagesKeptComing) {
    ScanFixture fixture;
    fixture.timeout = seconds(100);
    list_for_ever(fixture, seconds(1));

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::timeout);
    EXPECT_TRUE(listing.error().costly);
    EXPECT_THAT(listing.error().message, HasSubstr("; pages so far: 99, tokens: 99"));
    EXPECT_THAT(std::string(advice(listing.error())), Not(HasSubstr("slow")));
    EXPECT_THAT(std::string(advice(listing.error())), HasSubstr("no end"));
}

TEST(ScanOutOfTime, BlamesTheApiWhereFewPagesCame) {
    ScanFixture fixture;
    fixture.timeout = seconds(100);
    list_for_ever(fixture, seconds(24));

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_FALSE(listing.error().costly);
    EXPECT_THAT(listing.error().message, HasSubstr("; pages so far: 4, tokens: 4"));
    EXPECT_THAT(std::string(advice(listing.error())), HasSubstr("slow"));
}

TEST(ScanOutOfTime, BlamesTheApiIfItStallsAfterManyPages) {
    ScanFixture fixture;
    fixture.timeout = seconds(100);
    fixture.options.max_retries = 0;
    fixture.source.respond = [&fixture](std::size_t number) {
        if (number < 50) {
            return page_answer(PageBuilder().token(fmt::format("{}", number)).total(1000));
        }
        fixture.clock.advance(fixture.timeout);
        return error_answer(ErrorKind::timeout, 0);
    };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_FALSE(listing.error().costly);
    EXPECT_THAT(listing.error().message, HasSubstr("; pages so far: 50, tokens: 50 of 1000"));
}

TEST(ScanOutOfTime, OmitsProgressIfOnlyAPageTimedOut) {
    ScanFixture fixture;
    fixture.options.max_retries = 0;
    fixture.source.respond = [](std::size_t number) {
        return number < 50 ? page_answer(PageBuilder().token(fmt::format("{}", number)).total(1000))
                           : error_answer(ErrorKind::timeout, 0);
    };

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_FALSE(listing.error().costly);
    EXPECT_EQ(listing.error().message, "page 50: scripted");
}

}  // namespace
}  // namespace exporter::scan
