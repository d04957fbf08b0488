#include "scan/poller.h"

#include <gtest/gtest.h>

namespace exporter::scan {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime start{std::chrono::hours(3)};

struct Beat {
    const char* name;
    seconds phase;
    seconds began;  ///< after the start
    seconds next;   ///< likewise
};

class RhythmOfFiveMinutes : public testing::TestWithParam<Beat> {};

TEST_P(RhythmOfFiveMinutes, GivesTheNextBeat) {
    const Rhythm rhythm(start, GetParam().phase, minutes(5));

    EXPECT_EQ(rhythm.after(start + GetParam().began), start + GetParam().next);
}

INSTANTIATE_TEST_SUITE_P(
    Polls, RhythmOfFiveMinutes,
    testing::Values(Beat{"OnTheBeat", seconds(0), seconds(0), seconds(300)},
                    Beat{"ALittleLate", seconds(0), seconds(301), seconds(600)},
                    Beat{"ALittleEarly", seconds(0), seconds(299), seconds(600)},
                    Beat{"HalfAnIntervalLate", seconds(0), seconds(150), seconds(300)},
                    Beat{"MoreThanHalfAnIntervalLate", seconds(0), seconds(151), seconds(600)},
                    Beat{"AFirstPollLongBeforeItsPhase", seconds(200), seconds(2), seconds(200)},
                    Beat{"AFirstPollShortlyBeforeItsPhase", seconds(20), seconds(1), seconds(320)}),
    [](const auto& test) { return test.param.name; });

TEST(Rhythm, BeatsOncePerIntervalForEver) {
    const Rhythm rhythm(start, seconds(7), minutes(1));
    SteadyTime beat = start + seconds(7);

    for (int i = 0; i < 1000; ++i) {
        const SteadyTime next = rhythm.after(beat + std::chrono::milliseconds(i));
        ASSERT_EQ(next - beat, minutes(1));
        beat = next;
    }
}

}  // namespace
}  // namespace exporter::scan
