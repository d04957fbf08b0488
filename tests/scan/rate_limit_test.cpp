#include "scan/rate_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::scan {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime now{std::chrono::hours(5)};

struct BudgetCase {
    const char* name;
    int reserve_percent;
    datadog::RateLimit limit;
    std::optional<seconds> closed_for;
};

class RateBudgetAfterAnAnswer : public ::testing::TestWithParam<BudgetCase> {};

TEST_P(RateBudgetAfterAnAnswer, IsClosedWhileOnlyTheReserveIsLeft) {
    RateBudget budget(GetParam().reserve_percent);

    budget.note(GetParam().limit, now);

    EXPECT_EQ(budget.has_room(0, now), !GetParam().closed_for);
    if (GetParam().closed_for) {
        EXPECT_EQ(budget.opens(), now + *GetParam().closed_for);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Limits, RateBudgetAfterAnAnswer,
    ::testing::Values(
        BudgetCase{"AboveTheReserve", 10, {.limit = 100, .remaining = 11, .reset = seconds(9)}, {}},
        BudgetCase{"AtTheReserve", 10, {.limit = 100, .remaining = 10, .reset = seconds(9)}, seconds(9)},
        BudgetCase{"BelowTheReserve", 10, {.limit = 100, .remaining = 3, .reset = seconds(9)}, seconds(9)},
        BudgetCase{"NoReserveAndOneLeft", 0, {.limit = 100, .remaining = 1, .reset = seconds(9)}, {}},
        BudgetCase{
            "NoReserveAndNoneLeft", 0, {.limit = 100, .remaining = 0, .reset = seconds(9)}, seconds(9)},
        BudgetCase{"ATenthOfASmallLimitIsNone", 10, {.limit = 9, .remaining = 1, .reset = seconds(9)}, {}},
        BudgetCase{"RoundedDown", 33, {.limit = 10, .remaining = 4, .reset = seconds(9)}, {}},
        BudgetCase{
            "RoundedDownToTheReserve", 33, {.limit = 10, .remaining = 3, .reset = seconds(9)}, seconds(9)},
        BudgetCase{"AnAbsurdLimitDoesNotOverflow",
                   90,
                   {.limit = INT64_MAX, .remaining = INT64_MAX, .reset = seconds(9)},
                   {}},
        BudgetCase{"AResetInADayIsBelievedForAnHour",
                   10,
                   {.limit = 100, .remaining = 0, .reset = std::chrono::hours(24)},
                   std::chrono::hours(1)},
        BudgetCase{"WithoutALimitNoneLeft", 10, {.remaining = 0, .reset = seconds(9)}, seconds(9)},
        BudgetCase{"WithoutALimitOneLeft", 10, {.remaining = 1, .reset = seconds(9)}, {}},
        BudgetCase{"WithoutAReset", 10, {.limit = 100, .remaining = 0}, {}},
        BudgetCase{"WithAResetNow", 10, {.limit = 100, .remaining = 0, .reset = seconds(0)}, {}},
        BudgetCase{"WithoutHeaders", 10, {}, {}}),
    [](const auto& test) { return test.param.name; });

TEST(RateBudget, OpensAtTheReset) {
    RateBudget budget(10);
    budget.note({.limit = 100, .remaining = 0, .reset = seconds(9)}, now);

    EXPECT_FALSE(budget.has_room(0, now + seconds(8)));
    EXPECT_TRUE(budget.has_room(0, now + seconds(9)));
}

TEST(RateBudget, AnAnswerWithoutHeadersLeavesItClosed) {
    RateBudget budget(10);
    budget.note({.limit = 100, .remaining = 0, .reset = seconds(9)}, now);

    budget.note({}, now + seconds(1));

    EXPECT_FALSE(budget.has_room(0, now + seconds(2)));
}

TEST(RateBudget, AnAnswerWithMoreLeftOpensIt) {
    RateBudget budget(10);
    budget.note({.limit = 100, .remaining = 0, .reset = seconds(9)}, now);

    budget.note({.limit = 100, .remaining = 100, .reset = seconds(60)}, now + seconds(1));

    EXPECT_TRUE(budget.has_room(0, now + seconds(1)));
}

TEST(RateBudget, RequestsUnderWayCountAsSpent) {
    RateBudget budget(10);
    budget.note({.limit = 100, .remaining = 13, .reset = seconds(9)}, now);

    EXPECT_TRUE(budget.has_room(2, now));
    EXPECT_FALSE(budget.has_room(3, now));
}

TEST(RateBudget, ALateAnswerDoesNotReopenIt) {
    RateBudget budget(0);
    budget.note({.limit = 100, .remaining = 0, .reset = seconds(9)}, now);

    budget.note({.limit = 100, .remaining = 5, .reset = seconds(9)}, now + std::chrono::milliseconds(10));

    EXPECT_FALSE(budget.has_room(0, now + seconds(1)));
    EXPECT_EQ(budget.opens(), now + seconds(9));
}

TEST(RateBudget, AllowsOneRequestInAnUnknownPeriod) {
    RateBudget budget(0);
    budget.note({.limit = 100, .remaining = 0, .reset = seconds(9)}, now);

    EXPECT_TRUE(budget.has_room(0, now + seconds(9)));
    EXPECT_FALSE(budget.has_room(1, now + seconds(9)));
}

TEST(RateBudget, KnowsNoBoundsBeforeTheFirstAnswer) {
    EXPECT_TRUE(RateBudget(10).has_room(100, now));
}

/// Feeds responses of a given duration to a `Pace`. Only they advance the clock.
struct PaceFixture {
    Pace pace{8};
    SteadyTime now{std::chrono::hours(1)};

    void answers(int count, milliseconds took) {
        for (int i = 0; i < count; ++i) {
            now += took;
            pace.answered(took, now);
        }
    }
    void push_back(milliseconds took) {
        now += took;
        pace.pushed_back(took, now);
    }
};

TEST(Pace, StartsAtTheMaximum) {
    EXPECT_EQ(Pace(8).limit(), 8U);
}

TEST(Pace, IsHalvedWhenTheApiPushesBackDownToOne) {
    PaceFixture fixture;

    std::vector<std::size_t> limits;
    for (int i = 0; i < 4; ++i) {
        fixture.push_back(milliseconds(10));
        limits.push_back(fixture.pace.limit());
    }

    EXPECT_EQ(limits, (std::vector<std::size_t>{4, 2, 1, 1}));
}

TEST(Pace, IsNotCutAgainByRequestsInFlight) {
    PaceFixture fixture;
    fixture.push_back(milliseconds(10));

    fixture.pace.pushed_back(milliseconds(10), fixture.now + milliseconds(5));

    EXPECT_EQ(fixture.pace.limit(), 4U);
}

TEST(Pace, GoesUpByOneWithEachGoodRound) {
    PaceFixture fixture;
    fixture.push_back(milliseconds(10));

    fixture.answers(4, milliseconds(20));
    EXPECT_EQ(fixture.pace.limit(), 5U);
    fixture.answers(4, milliseconds(20));
    EXPECT_EQ(fixture.pace.limit(), 5U);
    fixture.answers(1, milliseconds(20));
    EXPECT_EQ(fixture.pace.limit(), 6U);
}

TEST(Pace, NeverGoesBeyondWhatIsAllowed) {
    PaceFixture fixture;

    fixture.answers(100, milliseconds(20));

    EXPECT_EQ(fixture.pace.limit(), 8U);
}

TEST(Pace, FallsToHalfWhenAnswersSlowDown) {
    PaceFixture fixture;
    fixture.answers(20, milliseconds(100));

    fixture.answers(40, milliseconds(1000));

    EXPECT_EQ(fixture.pace.limit(), 4U);
}

TEST(Pace, FallsByOneWithEachSlowRound) {
    PaceFixture fixture;
    fixture.answers(20, milliseconds(100));

    fixture.answers(1, milliseconds(10'000));
    EXPECT_EQ(fixture.pace.limit(), 7U);
    fixture.answers(6, milliseconds(10'000));
    EXPECT_EQ(fixture.pace.limit(), 7U);
    fixture.answers(1, milliseconds(10'000));
    EXPECT_EQ(fixture.pace.limit(), 6U);
}

TEST(Pace, FallsNoLowerThanOneForSmallMaxima) {
    for (const std::size_t most : {1U, 2U, 3U}) {
        PaceFixture fixture;
        fixture.pace = Pace(most);
        fixture.answers(20, milliseconds(100));

        fixture.answers(40, milliseconds(1000));

        EXPECT_EQ(fixture.pace.limit(), 1U) << most;
    }
}

TEST(Pace, ALittleNoiseChangesNothing) {
    PaceFixture fixture;
    fixture.answers(20, milliseconds(5));

    fixture.answers(40, milliseconds(50));

    EXPECT_EQ(fixture.pace.limit(), 8U);
}

TEST(Pace, APollIsComparedWithItsOwnFirstAnswers) {
    PaceFixture fixture;
    fixture.answers(20, milliseconds(10));
    fixture.pace.begin();

    fixture.answers(40, milliseconds(1000));

    EXPECT_EQ(fixture.pace.limit(), 8U);
}

}  // namespace
}  // namespace exporter::scan
