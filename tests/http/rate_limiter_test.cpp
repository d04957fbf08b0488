#include "http/rate_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <random>
#include <string>

namespace exporter::http {
namespace {

using namespace std::chrono_literals;

constexpr RateLimiter::TimePoint start{1h};
const std::string client = "192.0.2.1";
constexpr auto kind = RateLimiter::Kind::check;

/// How many of `attempts` simultaneous requests are allowed.
int allowed(RateLimiter& limiter, RateLimiter::TimePoint now, int attempts = 100) {
    int count = 0;
    for (int i = 0; i < attempts; ++i) {
        count += limiter.allow(kind, client, now) ? 1 : 0;
    }
    return count;
}

TEST(RateLimiter, AllowsABurstAtFirst) {
    RateLimiter limiter({1s, 5});
    EXPECT_EQ(allowed(limiter, start), 5);
}

TEST(RateLimiter, AllowsOneMoreAfterEachInterval) {
    RateLimiter limiter({1s, 5});
    (void)allowed(limiter, start);
    EXPECT_EQ(allowed(limiter, start + 999ms), 0);
    EXPECT_EQ(allowed(limiter, start + 1s), 1);
    EXPECT_EQ(allowed(limiter, start + 3s), 2);
}

TEST(RateLimiter, SavesUpNoMoreThanABurst) {
    RateLimiter limiter({1s, 5});
    (void)allowed(limiter, start);
    EXPECT_EQ(allowed(limiter, start + 24h), 5);
}

TEST(RateLimiter, ChargesNothingForRefusals) {
    RateLimiter limiter({1s, 1});
    (void)allowed(limiter, start, 1000);
    EXPECT_EQ(allowed(limiter, start + 1s), 1);
}

TEST(RateLimiter, KeepsToABurstOfOne) {
    RateLimiter limiter({1ms, 1});
    EXPECT_EQ(allowed(limiter, start), 1);
    EXPECT_EQ(allowed(limiter, start + 1ms - 1ns), 0);
    EXPECT_EQ(allowed(limiter, start + 1ms), 1);
}

TEST(RateLimiter, TakesAbsurdOptions) {
    RateLimiter often({std::chrono::nanoseconds::max(), std::numeric_limits<unsigned>::max()});
    EXPECT_GE(allowed(often, start), 1);
    RateLimiter never({0ns, 0});
    EXPECT_EQ(allowed(never, start), 1);
}

TEST(RateLimiter, GivesEachClientItsOwnBucket) {
    RateLimiter limiter({1s, 2});
    EXPECT_EQ(allowed(limiter, start), 2);
    EXPECT_TRUE(limiter.allow(kind, "192.0.2.2", start));
    EXPECT_FALSE(limiter.allow(kind, client, start));
}

TEST(RateLimiter, GivesEachKindItsOwnBucket) {
    using Kind = RateLimiter::Kind;
    RateLimiter limiter({1s, 1});
    for (const auto each : {Kind::anonymous, Kind::check, Kind::known}) {
        EXPECT_TRUE(limiter.allow(each, client, start)) << static_cast<int>(each);
    }
    for (const auto each : {Kind::anonymous, Kind::check, Kind::known}) {
        EXPECT_FALSE(limiter.allow(each, client, start)) << static_cast<int>(each);
    }
}

/// Uses up all buckets of that kind: one request each from as many clients, all at the same moment.
void fill(RateLimiter& limiter, RateLimiter::Kind of = kind) {
    static_assert(RateLimiter::most_buckets == 1024, "as SECURITY.md says");
    for (std::size_t other = 0; other < RateLimiter::most_buckets; ++other) {
        ASSERT_TRUE(limiter.allow(of, std::to_string(other), start)) << other;
    }
}

TEST(RateLimiter, RemembersClientsWhenMoreArrive) {
    RateLimiter limiter({1s, 1});
    fill(limiter);
    for (std::size_t client_number = 0; client_number < 2 * RateLimiter::most_buckets; ++client_number) {
        ASSERT_EQ(limiter.allow(kind, std::to_string(client_number), start + 999ms),
                  client_number == RateLimiter::most_buckets)
            << client_number << ": all new clients share one bucket";
    }
}

TEST(RateLimiter, MakesNewClientsShareABucketWhenFull) {
    RateLimiter limiter({1h, 2});
    fill(limiter);
    fill(limiter);
    int passed = 0;
    for (int i = 0; i < 20'000; ++i) {
        passed += limiter.allow(kind, i % 2 == 0 ? "one" : "another", start + i * 1us) ? 1 : 0;
    }
    EXPECT_EQ(passed, 2);
    EXPECT_TRUE(limiter.allow(kind, "a third", start + 1h)) << "the shared bucket refills like any other";
}

TEST(RateLimiter, GivesNewClientsTheirOwnBucketsOnceOthersRefill) {
    RateLimiter limiter({1s, 1});
    fill(limiter);
    ASSERT_TRUE(limiter.allow(kind, "one", start));
    ASSERT_FALSE(limiter.allow(kind, "another", start));
    EXPECT_TRUE(limiter.allow(kind, "one", start + 1s));
    EXPECT_TRUE(limiter.allow(kind, "another", start + 1s));
    EXPECT_FALSE(limiter.allow(kind, "another", start + 1s));
}

TEST(RateLimiter, KeepsBucketsForKnownLoginsHoweverManyStrangersCome) {
    RateLimiter limiter({1h, 1});
    for (const auto of : {RateLimiter::Kind::anonymous, RateLimiter::Kind::check}) {
        fill(limiter, of);
        EXPECT_TRUE(limiter.allow(of, "newcomer", start));
        EXPECT_FALSE(limiter.allow(of, client, start));
    }
    EXPECT_TRUE(limiter.allow(RateLimiter::Kind::known, client, start));
    EXPECT_TRUE(limiter.allow(RateLimiter::Kind::known, "newcomer", start));
}

// Compares with a reference token bucket that counts tokens in nanoseconds.
TEST(RateLimiter, IsATokenBucket) {
    std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cases in every run
    for (int round = 0; round < 200; ++round) {
        const std::chrono::nanoseconds interval(1 + random() % 1000);
        const unsigned burst = 1 + random() % 8;
        RateLimiter limiter({interval, burst});
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
}  // namespace exporter::http
