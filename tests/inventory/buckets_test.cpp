#include "inventory/builder.h"
#include "inventory/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace exporter::inventory {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;

struct Case {
    std::string name;
    Date date;
    std::string bucket;
};

class ExpiryBucket : public testing::TestWithParam<Case> {};

TEST_P(ExpiryBucket, IsHalfOpen) {
    const Rules rules = test_rules();
    EXPECT_EQ(rules.expiry.names()[rules.expiry.index(GetParam().date, now)], GetParam().bucket);
}

INSTANTIATE_TEST_SUITE_P(Dates, ExpiryBucket,
                         testing::Values(Case{"LongPast", ago(400 * day), "expired"},
                                         Case{"AtItsExpiry", Date::at(now), "expired"},
                                         Case{"AMomentLeft", ahead(microseconds(1)), "under_1d"},
                                         Case{"JustUnderADay", ahead(day - microseconds(1)), "under_1d"},
                                         Case{"ExactlyADay", ahead(day), "1d_to_7d"},
                                         Case{"JustUnderAWeek", ahead(7 * day - microseconds(1)), "1d_to_7d"},
                                         Case{"ExactlyAWeek", ahead(7 * day), "7d_to_30d"},
                                         Case{"ExactlyThirtyDays", ahead(30 * day), "30d_to_90d"},
                                         Case{"ExactlyNinetyDays", ahead(90 * day), "90d_to_365d"},
                                         Case{"ExactlyAYear", ahead(365 * day), "over_365d"},
                                         Case{"InTheYear9999",
                                              Date::at(Timestamp(std::chrono::seconds(253402300799))),
                                              "over_365d"},
                                         Case{"NoDate", Date::none(), "never"},
                                         Case{"Unreadable", Date::unreadable(), "unknown"}),
                         [](const auto& test) { return test.param.name; });

class LastUsedBucket : public testing::TestWithParam<Case> {};

TEST_P(LastUsedBucket, IsHalfOpen) {
    const Rules rules = test_rules();
    EXPECT_EQ(rules.last_used.names()[rules.last_used.index(GetParam().date, now)], GetParam().bucket);
}

INSTANTIATE_TEST_SUITE_P(
    Dates, LastUsedBucket,
    testing::Values(Case{"Never", Date::none(), "never"}, Case{"Now", Date::at(now), "under_1d"},
                    Case{"AheadOfOurClock", ahead(hours(1)), "under_1d"},
                    Case{"ExactlyADayAgo", ago(day), "1d_to_7d"},
                    Case{"JustUnderNinety", ago(90 * day - microseconds(1)), "30d_to_90d"},
                    Case{"ExactlyNinetyDaysAgo", ago(90 * day), "over_90d"},
                    Case{"Unreadable", Date::unreadable(), "unknown"}),
    [](const auto& test) { return test.param.name; });

TEST(AgeBucket, WithoutADateIsUnknown) {
    const Rules rules = test_rules();

    EXPECT_EQ(rules.age.names()[rules.age.index(Date::none(), now)], "unknown");
    EXPECT_EQ(rules.age.names()[rules.age.index(Date::unreadable(), now)], "unknown");
    EXPECT_EQ(rules.age.names()[rules.age.index(ago(8 * day), now)], "7d_to_30d");
}

TEST(BucketNames, AreMadeOfTheBounds) {
    EXPECT_THAT(BucketScheme::age({std::chrono::minutes(90), 7 * day}).names(),
                ElementsAre("under_1h30m", "1h30m_to_7d", "over_7d", "unknown"));
    EXPECT_THAT(BucketScheme::age({day}).names(), ElementsAre("under_1d", "over_1d", "unknown"));
}

TEST(BucketNames, ComeInAFixedOrder) {
    const Rules rules = test_rules();

    EXPECT_THAT(rules.expiry.names(),
                ElementsAre("expired", "under_1d", "1d_to_7d", "7d_to_30d", "30d_to_90d", "90d_to_365d",
                            "over_365d", "never", "unknown"));
    EXPECT_THAT(rules.last_used.names(), ElementsAre("never", "under_1d", "1d_to_7d", "7d_to_30d",
                                                     "30d_to_90d", "over_90d", "unknown"));
    EXPECT_THAT(rules.age.names(),
                ElementsAre("under_1d", "1d_to_7d", "7d_to_30d", "30d_to_90d", "over_90d", "unknown"));
}

TEST(BucketSchemes, PlaceEveryMomentByItsDistance) {
    const std::vector<base::Duration> bounds = {hours(1), day, 3 * day};
    const BucketScheme scheme = BucketScheme::expiry(bounds);
    std::mt19937_64 random(3);
    std::uniform_int_distribution<std::int64_t> distances(1, std::chrono::microseconds(5 * day).count());
    for (int i = 0; i < 10'000; ++i) {
        const microseconds left(distances(random));
        std::size_t passed = 0;
        for (const auto bound : bounds) {
            passed += left >= bound ? 1U : 0U;
        }
        ASSERT_EQ(scheme.index(ahead(left), now), 1 + passed);
    }
}

}  // namespace
}  // namespace exporter::inventory
