#include "base/dates.h"
#include "base/text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace exporter::base {
namespace {

using namespace std::chrono_literals;

struct Case {
    std::string text;
    Duration duration;
};

TEST(Duration, ParsesPrometheusNotation) {
    const std::vector<Case> cases = {
        {"0", 0ms},
        {"0s", 0ms},
        {"1ms", 1ms},
        {"90s", 90s},
        {"5m", 5min},
        {"1h30m", 90min},
        {"7d", 168h},
        {"1w", 168h},
        {"1y", 8760h},
        {"1y1w1d", 8952h},
        {"1h1m1s1ms", 3661001ms},
        {"100y", 876000h},
        {"007s", 7s},
        {"1h0m", 1h},
    };
    for (const Case& c : cases) {
        const auto duration = parse_duration(c.text);
        ASSERT_TRUE(duration) << c.text << ": " << duration.error();
        EXPECT_EQ(*duration, c.duration) << c.text;
    }
}

TEST(Duration, ErrorExplainsTheFormat) {
    for (const std::string text :
         {"", "5", "00", "m", "1h30", "5x", "5 m", " 5m", "-5m", "1.5h", "5M", "1m1h", "1h1h", "1ms1s",
          "101y", "100y1ms", "99999999999999999999999999s", "18446744073709551617ms"}) {
        const auto duration = parse_duration(text);
        ASSERT_FALSE(duration) << text;
        EXPECT_EQ(
            duration.error(),
            quote(text) +
                " is not a duration; write it like 90s, 5m, 1h30m or 7d: whole numbers of y, w, d, h, m, "
                "s or ms, largest unit first, each once, at most 100y");
    }
}

TEST(Duration, IsWrittenInDaysAndShorterUnits) {
    const std::vector<Case> cases = {
        {"0s", 0ms}, {"1ms", 1ms}, {"1s", 1s},      {"1m30s", 90s},       {"1h30m", 90min},
        {"1d", 24h}, {"7d", 168h}, {"365d", 8760h}, {"1d1ms", 24h + 1ms},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(format_duration(c.duration), c.text);
    }
}

TEST(Duration, ReadsBackWhatWasWritten) {
    std::mt19937_64 random(20240101);  // NOLINT(cert-msc51-cpp): the same cases each time
    for (int i = 0; i < 2000; ++i) {
        // Spread over all magnitudes.
        const std::uint64_t mask = (std::uint64_t{1} << (i % 41)) - 1;
        const Duration duration(static_cast<Duration::rep>(random() & mask));
        const auto back = parse_duration(format_duration(duration));
        ASSERT_TRUE(back) << back.error();
        EXPECT_EQ(*back, duration) << format_duration(duration);
    }
}

}  // namespace
}  // namespace exporter::base
