#include "scan/rate_limit.h"

#include <gtest/gtest.h>

namespace exporter::scan {
namespace {

using std::chrono::milliseconds;

/// Answers of one duration after another, by a clock that only they move.
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

TEST(Pace, BeginsAtTheMostThatIsAllowed) {
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

TEST(Pace, RequestsThatWereUnderWayAtACutDoNotCutAgain) {
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

TEST(Pace, FallsToAHalfWhileAnswersTakeMuchLonger) {
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

TEST(Pace, FallsToOneWhereAHalfIsLessThanTwoAndNeverBelow) {
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
