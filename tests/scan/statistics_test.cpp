#include "scan/statistics.h"

#include <gtest/gtest.h>

namespace exporter::scan {
namespace {

TEST(RequestDurations, IncludeTheBoundInItsBucket) {
    RequestDurations durations;

    durations.observe(std::chrono::milliseconds(25));
    durations.observe(std::chrono::milliseconds(26));
    durations.observe(std::chrono::seconds(31));

    EXPECT_EQ(durations.counts[0], 1U);
    EXPECT_EQ(durations.counts[1], 1U);
    EXPECT_EQ(durations.counts.back(), 1U);
    EXPECT_DOUBLE_EQ(durations.sum_seconds, 31.051);
}

}  // namespace
}  // namespace exporter::scan
