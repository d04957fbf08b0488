#include "base/words.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::base {
namespace {

using namespace std::chrono_literals;

const Timestamp moment = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 3h + 4min + 5s + 999ms;

TEST(Words, MomentsAreInUtcAndCutToSeconds) {
    EXPECT_EQ(utc_text(moment), "2026-01-02 03:04:05 UTC");
    EXPECT_EQ(datetime_text(moment), "2026-01-02T03:04:05Z");
    EXPECT_EQ(utc_text(Timestamp(-1us)), "1969-12-31 23:59:59 UTC");
}

TEST(Words, DistanceIsInItsLargestUnit) {
    struct Row {
        std::chrono::microseconds ago;
        std::string text;
    };
    for (const Row& row :
         {Row{0s, "just now"}, Row{999ms, "just now"}, Row{1s, "1 second ago"}, Row{59s, "59 seconds ago"},
          Row{60s, "1 minute ago"}, Row{119s, "1 minute ago"}, Row{120s, "2 minutes ago"},
          Row{1h, "1 hour ago"}, Row{47h, "47 hours ago"}, Row{48h, "2 days ago"}, Row{-61s, "in 1 minute"},
          Row{-500ms, "just now"}, Row{-24h * 400, "in 400 days"}}) {
        EXPECT_EQ(distance_text(moment - row.ago, moment), row.text);
    }
}

TEST(Words, LengthHasAtMostTwoUnits) {
    struct Row {
        std::chrono::duration<double> length;
        std::string text;
    };
    for (const Row& row : {Row{0s, "0 ms"}, Row{-1s, "0 ms"}, Row{340ms, "340 ms"}, Row{1s, "1 second"},
                           Row{12340ms, "12.3 seconds"}, Row{5min, "5 minutes"},
                           Row{90s, "1 minute 30 seconds"}, Row{1h + 30min + 5s, "1 hour 30 minutes"},
                           Row{24h * 365, "365 days"}, Row{36h, "1 day 12 hours"}}) {
        EXPECT_EQ(length_text(row.length), row.text);
    }
}

TEST(Words, NumbersHaveCommasAndPlurals) {
    EXPECT_EQ(number_text(0), "0");
    EXPECT_EQ(number_text(999), "999");
    EXPECT_EQ(number_text(1000), "1,000");
    EXPECT_EQ(number_text(18446744073709551615U), "18,446,744,073,709,551,615");
    EXPECT_EQ(count_text(0, "token", "tokens"), "0 tokens");
    EXPECT_EQ(count_text(1, "token", "tokens"), "1 token");
    EXPECT_EQ(count_text(1234, "token", "tokens"), "1,234 tokens");
}

}  // namespace
}  // namespace exporter::base
