#include "base/duration.h"

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

TEST(Duration, IsReadAsPrometheusWritesIt) {
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

struct Refusal {
    std::string text;
    std::string reason;
};

TEST(Duration, IsRefusedWithTheReason) {
    const std::vector<Refusal> cases = {
        {"", "it is empty"},
        {"5", "a unit is missing"},
        {"00", "a unit is missing"},
        {"m", "a whole number is missing"},
        {"1h30", "a unit is missing"},
        {"5x", "\"x\" is not one of y, w, d, h, m, s, ms"},
        {"5 m", "\" m\" is not one of"},
        {" 5m", "a whole number is missing"},
        {"-5m", "a whole number is missing"},
        {"1.5h", "\".\" is not one of"},
        {"5M", "\"M\" is not one of"},
        {"1m1h", "units go from long to short, each once"},
        {"1h1h", "units go from long to short, each once"},
        {"101y", "longer than 100y"},
        {"100y1ms", "longer than 100y"},
        {"99999999999999999999999999s", "longer than 100y"},
        {"18446744073709551617ms", "longer than 100y"},
    };
    for (const Refusal& c : cases) {
        const auto duration = parse_duration(c.text);
        ASSERT_FALSE(duration) << c.text;
        EXPECT_NE(duration.error().find(c.reason), std::string::npos) << duration.error();
        EXPECT_NE(duration.error().find("write it like 90s, 5m, 1h30m or 7d"), std::string::npos)
            << duration.error();
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
        // All magnitudes, not mostly the large ones.
        const std::uint64_t mask = (std::uint64_t{1} << (i % 41)) - 1;
        const Duration duration(static_cast<Duration::rep>(random() & mask));
        const auto back = parse_duration(format_duration(duration));
        ASSERT_TRUE(back) << back.error();
        EXPECT_EQ(*back, duration) << format_duration(duration);
    }
}

}  // namespace
}  // namespace exporter::base
