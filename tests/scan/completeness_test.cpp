// When a listing is complete, when it is read again, and what is published if it contradicts itself.
#include "scan/fakes.h"
#include "scan/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace exporter::scan {
namespace {

using datadog::Answer;
using datadog::Date;
using datadog::ErrorKind;
using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Scan, RepeatedIdsCountOnceAndAreReported) {
    ScanFixture fixture;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(3)),
                           page(PageBuilder().token("b").token("c").total(3)), page(PageBuilder().total(3))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(listing->tokens, 3U);
    EXPECT_EQ(listing->duplicates, 1U);
    EXPECT_TRUE(listing->complete);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b", "c"));
}

TEST(Scan, RepeatedIdsWithoutATotalMakeTheListingIncomplete) {
    ScanFixture fixture;
    fixture.options.max_attempts = 1;
    fixture.source.script({page(PageBuilder().token("a").token("b")),
                           page(PageBuilder().token("b").token("c")), page(PageBuilder())});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
}

TEST(Scan, RestartsWhenTheTotalChangesBetweenPages) {
    ScanFixture fixture;
    fixture.source.script({page(PageBuilder().token("a").token("b").total(3)),
                           page(PageBuilder().token("c").token("d").total(4)),
                           page(PageBuilder().total(4)),  //
                           page(PageBuilder().token("a").token("b").total(4)),
                           page(PageBuilder().token("c").token("d").total(4)), page(PageBuilder().total(4))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 2);
    EXPECT_EQ(fixture.sink.listings.size(), 1U);
    EXPECT_THAT(fixture.sink.published, ElementsAre("a", "b", "c", "d"));
}

struct WrongTotal {
    std::string name;
    std::uint64_t total;
};

class ATotalThatNeverAgrees : public testing::TestWithParam<WrongTotal> {};

TEST_P(ATotalThatNeverAgrees, IsPublishedAsIncompleteAfterThreeTries) {
    ScanFixture fixture;
    fixture.source.respond = [](std::size_t number) {
        PageBuilder builder;
        builder.total(GetParam().total);
        if (number == 0) {
            builder.token("a").token("b");
        } else if (number == 1) {
            builder.token("c");
        }
        return page_answer(builder);
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(listing->tokens, 3U);
    EXPECT_EQ(listing->reported_tokens, GetParam().total);
    EXPECT_EQ(fixture.sink.begins, 3);
}

INSTANTIATE_TEST_SUITE_P(Totals, ATotalThatNeverAgrees,
                         testing::Values(WrongTotal{"TooLow", 1}, WrongTotal{"Zero", 0},
                                         WrongTotal{"TooHigh", 1000}),
                         [](const auto& test) { return test.param.name; });

TEST(Scan, AnUnreadableTokenMakesItIncompleteWithoutReadingAgain) {
    ScanFixture fixture;
    fixture.source.script(
        {page(PageBuilder().token("a").unreadable_tokens(1).total(2)), page(PageBuilder().total(2))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 1);
}

TEST(Scan, AnUnreadableTokenMakesItIncompleteWhereNoTotalIsGiven) {
    ScanFixture fixture;
    fixture.source.script({page(PageBuilder().token("a").unreadable_tokens(1)), page(PageBuilder())});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 1);
}

TEST(Scan, RestartsInALaterSecondThanTheLastReadingEnded) {
    ScanFixture fixture;
    std::vector<SteadyTime> asked;
    fixture.source.respond = [&](std::size_t) {
        asked.push_back(fixture.clock.steady_now());
        datadog::Answer answer = page_answer(PageBuilder().token("a").total(2));
        answer.exchange.duration = seconds(3);
        return answer;
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    ASSERT_GT(asked.size(), 2U);
    // The first reading requests a page and the empty one that proves the end; then the next reading starts.
    EXPECT_GE(asked[2] - asked[1], seconds(4));
}

/// Between the first reading's two pages one token was revoked and another created. The total is unchanged,
/// but `c` moved to the first page unseen.
void expect_read_again_where_created_after(seconds time) {
    ScanFixture fixture;
    const auto began = fixture.clock.now();
    const auto during = Date::at(began + time);
    fixture.source.script(
        {page(PageBuilder().token("a").token("b").total(4).asked_at(began)),
         page(PageBuilder().token("d").token("new", during).total(4)), page(PageBuilder().total(4)),
         page(PageBuilder().token("b").token("c").total(4).asked_at(began + seconds(2))),
         page(PageBuilder().token("d").token("new", during).total(4)), page(PageBuilder().total(4))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_THAT(fixture.sink.published, ElementsAre("b", "c", "d", "new"));
    EXPECT_EQ(listing->began, began + seconds(2));
}

TEST(Scan, RestartsIfATokenIsCreatedBetweenPages) {
    expect_read_again_where_created_after(seconds(1));
}

TEST(Scan, RestartsIfATokenIsCreatedInTheSecondItBegan) {
    expect_read_again_where_created_after(seconds(0));
}

TEST(Scan, AFreshTokenOnASinglePageIsNoContradiction) {
    ScanFixture fixture;
    const auto now = fixture.clock.now();
    fixture.source.script({page(PageBuilder().token("a", Date::at(now)).total(1).asked_at(now))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 1);
}

TEST(Scan, PublishesAnIncompleteReadingWhenOutOfTime) {
    ScanFixture fixture;
    fixture.timeout = seconds(10);
    fixture.source.respond = [&](std::size_t number) {
        fixture.clock.advance(seconds(3));
        return page_answer(number == 0 ? PageBuilder().token("a").token("b").total(9)
                                       : PageBuilder().total(9));
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 1);
}

TEST(Scan, EveryReadingSharesOneNow) {
    ScanFixture fixture;
    const auto now = fixture.clock.now();
    fixture.source.respond = [&](std::size_t) {
        fixture.clock.advance(seconds(5));
        return page_answer(PageBuilder().token("a").total(7));
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(fixture.sink.begins, 3);
    EXPECT_EQ(fixture.sink.as_of, now);
    EXPECT_EQ(listing->as_of, now);
}

/// One page of `tokens` tokens that reports `total`.
std::function<Answer(std::size_t)> listing_of(std::size_t tokens, std::uint64_t total) {
    return [=](std::size_t number) {
        PageBuilder builder;
        builder.total(total);
        for (std::size_t i = 0; number == 0 && i < tokens; ++i) {
            builder.token(std::to_string(i));
        }
        return page_answer(builder);
    };
}

TEST(Scan, DoesNotReplaceAGoodListingWithAShortOne) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    fixture.options.page_size = 100;
    fixture.source.respond = listing_of(89, 100);

    const auto listing = fixture.run();

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::short_listing);
    EXPECT_THAT(listing.error().message, HasSubstr("89 of the 100 reported tokens were listed"));
    EXPECT_THAT(fixture.sink.published, IsEmpty());
    EXPECT_EQ(fixture.sink.begins, 3);
}

TEST(Scan, PublishesAListingShortByATenthAsIncomplete) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    fixture.options.page_size = 100;
    fixture.source.respond = listing_of(90, 100);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(listing->tokens, 90U);
}

TEST(Scan, PublishesAShortListingWhenNoGoodOneIsShown) {
    ScanFixture fixture;
    fixture.options.page_size = 100;
    fixture.source.respond = listing_of(1, 100);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(listing->tokens, 1U);
}

TEST(Scan, UnreadableTokensAreNotMissing) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    fixture.source.script(
        {page(PageBuilder().token("a").unreadable_tokens(1).total(2)), page(PageBuilder().total(2))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
}

TEST(Scan, RestartsForALargeGapEvenIfTheLastListingHadIt) {
    ScanFixture fixture;
    fixture.options.page_size = 100;
    fixture.statistics.listing = Listing{.complete = false, .tokens = 50, .reported_tokens = 100};
    fixture.source.respond = listing_of(50, 100);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(fixture.sink.begins, 3);
}

TEST(Scan, DoesNotRestartForTheLastListingsGap) {
    ScanFixture fixture;
    fixture.options.page_size = 100;
    fixture.statistics.listing = Listing{.complete = false, .tokens = 90, .reported_tokens = 92};
    fixture.source.respond = listing_of(95, 97);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 1);
}

TEST(Scan, RestartsForANewTokenWhateverTheLastListingWas) {
    ScanFixture fixture;
    const auto began = fixture.clock.now();
    fixture.statistics.listing = Listing{.complete = false, .tokens = 3, .reported_tokens = 3};
    fixture.source.script({page(PageBuilder().token("a").token("b").total(3).asked_at(began)),
                           page(PageBuilder().token("new", Date::at(began + seconds(1))).total(3)),
                           page(PageBuilder().token("a").token("b").total(3).asked_at(began + seconds(2))),
                           page(PageBuilder().token("new", Date::at(began + seconds(1))).total(3))});

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
    EXPECT_EQ(fixture.sink.begins, 2);
}

TEST(Scan, RestartsForADifferentGapThanLastTime) {
    ScanFixture fixture;
    fixture.options.page_size = 100;
    fixture.statistics.listing = Listing{.complete = false, .tokens = 90, .reported_tokens = 92};
    fixture.source.respond = listing_of(95, 96);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(fixture.sink.begins, 3);
}

std::uint64_t unparsed(const ScanFixture& fixture, datadog::Field field) {
    return fixture.statistics.unparsed[static_cast<std::size_t>(field)];
}

/// Two pages requested and answered at `date`, the second with a token created at `created`.
void list_one_created_at(ScanFixture& fixture, std::optional<base::Timestamp> date, base::Timestamp created) {
    fixture.source.respond = [=](std::size_t number) {
        PageBuilder builder;
        builder.total(3);
        if (date) {
            builder.asked_at(*date).answered_at(*date);
        }
        return page_answer(number == 0 ? builder.token("a").token("b")
                                       : builder.token("c", Date::at(created)));
    };
}

TEST(ScanAndDates, AFutureCreationDateLeavesTheListingComplete) {
    for (const SteadyTime::duration later : {SteadyTime::duration(seconds(6)), SteadyTime::duration(days(1)),
                                             SteadyTime::duration(days(365 * 73))}) {
        ScanFixture fixture;
        const auto date = std::chrono::floor<seconds>(fixture.clock.now());
        list_one_created_at(fixture, date, date + std::chrono::duration_cast<seconds>(later));

        const auto listing = fixture.run();

        ASSERT_TRUE(listing);
        EXPECT_TRUE(listing->complete);
        EXPECT_THAT(fixture.source.asked, ElementsAre(0U, 1U));
    }
}

TEST(ScanAndDates, ATokenDatedAtTheAnswerOrSecondsLaterIsNew) {
    // Dates have whole seconds, and the clock of the server that responds may be behind that of the server
    // that created the token.
    for (const milliseconds later : {milliseconds(0), milliseconds(999), milliseconds(5999)}) {
        ScanFixture fixture;
        const auto date = std::chrono::floor<seconds>(fixture.clock.now());
        list_one_created_at(fixture, date, date + later);

        const auto listing = fixture.run();

        ASSERT_TRUE(listing);
        EXPECT_FALSE(listing->complete) << "it was created during each reading";
        EXPECT_EQ(fixture.sink.begins, 3) << later.count();
        EXPECT_EQ(unparsed(fixture, datadog::Field::created_at), 0U) << later.count();
    }
}

TEST(ScanAndDates, AGatewaysOldDateKeepsPastDatesReadable) {
    for (const auto behind : {days(1), days(365 * 53)}) {
        ScanFixture fixture;
        const auto date = std::chrono::floor<seconds>(fixture.clock.now()) - behind;
        const auto before = Date::at(fixture.clock.now() - days(1));
        fixture.options.page_size = 100;
        fixture.source.script(
            {page(PageBuilder()
                      .token("a", {.created_at = before, .last_used_at = before, .modified_at = before})
                      .total(1)
                      .asked_at(date)
                      .answered_at(date))});

        const auto listing = fixture.run();

        ASSERT_TRUE(listing);
        EXPECT_TRUE(listing->complete);
        ASSERT_EQ(fixture.sink.tokens.size(), 1U);
        EXPECT_EQ(fixture.sink.tokens[0].created_at, before) << behind.count();
        EXPECT_EQ(fixture.sink.tokens[0].last_used_at, before) << behind.count();
        EXPECT_EQ(unparsed(fixture, datadog::Field::created_at), 0U);
    }
}

TEST(ScanAndDates, EachPageIsMeasuredByItsOwnDate) {
    ScanFixture fixture;
    const auto began = std::chrono::floor<seconds>(fixture.clock.now());
    const auto created = began + seconds(30);
    fixture.source.respond = [=](std::size_t number) {
        PageBuilder builder;
        builder.total(3).asked_at(began);
        return page_answer(number == 0
                               ? builder.answered_at(began).token("a").token("b")
                               : builder.answered_at(began + seconds(60)).token("c", Date::at(created)));
    };

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_EQ(fixture.sink.begins, 3) << "the token was created between the first page and the second";
}

TEST(ScanAndDates, TheAnswersDateOverridesOurClock) {
    for (const auto error : {-days(400), days(400)}) {
        ScanFixture fixture;
        const auto date = std::chrono::floor<seconds>(fixture.clock.now()) + error;
        list_one_created_at(fixture, date, date);

        ASSERT_TRUE(fixture.run());

        EXPECT_EQ(fixture.sink.begins, 3) << "the token was created during the reading";
        EXPECT_EQ(unparsed(fixture, datadog::Field::created_at), 0U);
    }
}

TEST(ScanAndDates, WithoutADateOurOwnClockMayBeADayBehind) {
    ScanFixture slow_clock;
    list_one_created_at(slow_clock, std::nullopt, slow_clock.clock.now() + days(1));
    ScanFixture wrong_date;
    list_one_created_at(wrong_date, std::nullopt, wrong_date.clock.now() + days(1) + seconds(1));

    ASSERT_TRUE(slow_clock.run());
    ASSERT_TRUE(wrong_date.run());

    EXPECT_EQ(slow_clock.sink.begins, 3);
    EXPECT_EQ(wrong_date.sink.begins, 1);
}

TEST(ScanAndDates, FutureDatesAreCountedAsUnreadable) {
    ScanFixture fixture;
    const auto date = std::chrono::floor<seconds>(fixture.clock.now());
    const auto later = Date::at(date + days(1));
    fixture.source.script(
        {page(PageBuilder()
                  .token("a", {.created_at = later, .last_used_at = later, .modified_at = later})
                  .token("b", Date::at(date - days(1)))
                  .total(2)
                  .answered_at(date)),
         page(PageBuilder().total(2))});

    ASSERT_TRUE(fixture.run());

    ASSERT_EQ(fixture.sink.tokens.size(), 2U);
    EXPECT_TRUE(fixture.sink.tokens[0].created_at.is_unreadable());
    EXPECT_TRUE(fixture.sink.tokens[0].last_used_at.is_unreadable());
    EXPECT_TRUE(fixture.sink.tokens[0].modified_at.is_unreadable());
    EXPECT_EQ(fixture.sink.tokens[1].created_at, Date::at(date - days(1)));
    EXPECT_EQ(unparsed(fixture, datadog::Field::created_at), 1U);
    EXPECT_EQ(unparsed(fixture, datadog::Field::last_used_at), 1U);
    EXPECT_EQ(unparsed(fixture, datadog::Field::modified_at), 1U);
}

TEST(ScanAndDates, AUseDatedMinutesAheadIsAccepted) {
    ScanFixture fixture;
    const auto date = std::chrono::floor<seconds>(fixture.clock.now());
    const auto ahead = Date::at(date + minutes(5));
    fixture.source.script(
        {page(PageBuilder()
                  .token("a", {.created_at = {}, .last_used_at = ahead, .modified_at = ahead})
                  .total(1)
                  .answered_at(date))});
    fixture.options.page_size = 100;

    ASSERT_TRUE(fixture.run());

    ASSERT_EQ(fixture.sink.tokens.size(), 1U);
    EXPECT_EQ(fixture.sink.tokens[0].last_used_at, ahead);
    EXPECT_EQ(fixture.sink.tokens[0].modified_at, ahead);
    EXPECT_EQ(unparsed(fixture, datadog::Field::last_used_at), 0U);
}

TEST(Scan, AnEmptyListingIsCompleteWhereDatadogSaysSo) {
    ScanFixture fixture;
    fixture.good_is_shown = true;
    fixture.source.respond = listing_of(0, 0);

    const auto listing = fixture.run();

    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->complete);
}

}  // namespace
}  // namespace exporter::scan
