#include "web/rate_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <random>
#include <string>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

constexpr RateLimiter::TimePoint start{1h};
const std::string client = "192.0.2.1";
constexpr auto kind = RateLimiter::Kind::check;

/// How many of `attempts` at one moment are allowed.
int allowed(RateLimiter& limiter, RateLimiter::TimePoint now, int attempts = 100) {
    int count = 0;
    for (int i = 0; i < attempts; ++i) {
        count += limiter.allow(kind, client, now) ? 1 : 0;
    }
    return count;
}

TEST(RateLimiter, AllowsABurstAtFirst) {
    RateLimiter limiter(1s, 5);
    EXPECT_EQ(allowed(limiter, start), 5);
}

TEST(RateLimiter, AllowsOneMoreAfterEachInterval) {
    RateLimiter limiter(1s, 5);
    (void)allowed(limiter, start);
    EXPECT_EQ(allowed(limiter, start + 999ms), 0);
    EXPECT_EQ(allowed(limiter, start + 1s), 1);
    EXPECT_EQ(allowed(limiter, start + 3s), 2);
}

TEST(RateLimiter, SavesUpNoMoreThanABurst) {
    RateLimiter limiter(1s, 5);
    (void)allowed(limiter, start);
    EXPECT_EQ(allowed(limiter, start + 24h), 5);
}

TEST(RateLimiter, TakesNothingForWhatItRefuses) {
    RateLimiter limiter(1s, 1);
    (void)allowed(limiter, start, 1000);
    EXPECT_EQ(allowed(limiter, start + 1s), 1);
}

TEST(RateLimiter, KeepsToABurstOfOne) {
    RateLimiter limiter(1ms, 1);
    EXPECT_EQ(allowed(limiter, start), 1);
    EXPECT_EQ(allowed(limiter, start + 1ms - 1ns), 0);
    EXPECT_EQ(allowed(limiter, start + 1ms), 1);
}

TEST(RateLimiter, TakesAbsurdOptions) {
    RateLimiter often(std::chrono::nanoseconds::max(), std::numeric_limits<unsigned>::max());
    EXPECT_GE(allowed(often, start), 1);
    RateLimiter never(0ns, 0);
    EXPECT_EQ(allowed(never, start), 1);
}

TEST(RateLimiter, GivesEachClientABucketOfItsOwn) {
    RateLimiter limiter(1s, 2);
    EXPECT_EQ(allowed(limiter, start), 2);
    EXPECT_TRUE(limiter.allow(kind, "192.0.2.2", start));
    EXPECT_FALSE(limiter.allow(kind, client, start));
}

TEST(RateLimiter, GivesAClientABucketOfEachKind) {
    using Kind = RateLimiter::Kind;
    RateLimiter limiter(1s, 1);
    for (const auto each : {Kind::anonymous, Kind::check, Kind::known}) {
        EXPECT_TRUE(limiter.allow(each, client, start)) << static_cast<int>(each);
    }
    for (const auto each : {Kind::anonymous, Kind::check, Kind::known}) {
        EXPECT_FALSE(limiter.allow(each, client, start)) << static_cast<int>(each);
    }
}

TEST(RateLimiter, ForgetsOnlyWhoLacksLeastWhenMoreClientsComeThanItRemembers) {
    RateLimiter limiter(1s, 2);
    EXPECT_EQ(allowed(limiter, start), 2);
    for (std::size_t other = 0; other < 2 * RateLimiter::most_buckets; ++other) {
        ASSERT_TRUE(limiter.allow(kind, std::to_string(other), start)) << other;
    }
    EXPECT_FALSE(limiter.allow(kind, client, start)) << "it lacks the most";
    EXPECT_FALSE(limiter.allow(kind, client, start + 999ms));
    EXPECT_TRUE(limiter.allow(kind, client, start + 1s));
}

// The bucket as it is told, with its tokens counted in nanoseconds.
TEST(RateLimiter, IsATokenBucket) {
    std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cases in every run
    for (int round = 0; round < 200; ++round) {
        const std::chrono::nanoseconds interval(1 + random() % 1000);
        const unsigned burst = 1 + random() % 8;
        RateLimiter limiter(interval, burst);
        auto now = start;
        auto saved = interval * burst;
        for (int step = 0; step < 200; ++step) {
            const std::chrono::nanoseconds pause(random() % 4 == 0 ? random() % 3000 : random() % 300);
            now += pause;
            saved = std::min(saved + pause, interval * burst);
            const bool expected = saved >= interval;
            saved -= expected ? interval : 0ns;
            ASSERT_EQ(limiter.allow(kind, client, now), expected);
        }
    }
}

}  // namespace
}  // namespace exporter::web
