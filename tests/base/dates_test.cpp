#include "base/dates.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace exporter::base {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;

Timestamp epoch_plus(std::int64_t micros) {
    return Timestamp(microseconds(micros));
}

struct Readable {
    std::string name;
    std::string text;
    std::int64_t micros;
};

class Rfc3339Reads : public testing::TestWithParam<Readable> {};

TEST_P(Rfc3339Reads, ToTheMicrosecond) {
    EXPECT_EQ(parse_rfc3339(GetParam().text), epoch_plus(GetParam().micros));
}

INSTANTIATE_TEST_SUITE_P(
    Dates, Rfc3339Reads,
    testing::Values(Readable{"Zulu", "2024-01-01T00:00:00Z", 1704067200000000},
                    Readable{"Offset", "2024-01-01T00:00:00+00:00", 1704067200000000},
                    Readable{"EastOfGreenwich", "2024-01-01T05:30:00+05:30", 1704067200000000},
                    Readable{"WestOfGreenwich", "2023-12-31T16:00:00-08:00", 1704067200000000},
                    Readable{"UnknownLocalOffset", "2024-01-01T00:00:00-00:00", 1704067200000000},
                    Readable{"OffsetWithoutColon", "2024-01-01T00:00:00+0000", 1704067200000000},
                    Readable{"EastWithoutColon", "2024-01-01T05:30:00.5+0530", 1704067200500000},
                    Readable{"WestWithoutColon", "2023-12-31T18:30:00-0530", 1704067200000000},
                    Readable{"WithoutAZone", "2024-01-01T00:00:00", 1704067200000000},
                    Readable{"WithoutAZoneAfterAFraction", "2024-01-01T00:00:00.25", 1704067200250000},
                    Readable{"WithoutAZoneInALeapSecond", "2016-12-31T23:59:60", 1483228800000000},
                    Readable{"LowerCase", "2024-01-01t00:00:00z", 1704067200000000},
                    Readable{"SpaceForT", "2024-01-01 00:00:00Z", 1704067200000000},
                    Readable{"TwoDigitsOfFraction", "2024-01-01T00:00:00.25Z", 1704067200250000},
                    Readable{"ThreeDigits", "2024-01-01T00:00:00.123Z", 1704067200123000},
                    Readable{"SixDigits", "2024-01-01T00:00:00.123456Z", 1704067200123456},
                    Readable{"NineDigits", "2024-01-01T00:00:00.123456789Z", 1704067200123456},
                    Readable{"ThirtyDigits", "2024-01-01T00:00:00.999999999999999999999999999999Z",
                             1704067200999999},
                    Readable{"LeapDay", "2024-02-29T12:00:00Z", 1709208000000000},
                    Readable{"LeapSecond", "2016-12-31T23:59:60Z", 1483228800000000},
                    Readable{"LeapSecondElsewhere", "2016-12-31T15:59:60-08:00", 1483228800000000},
                    Readable{"BeforeTheEpoch", "1969-12-31T23:59:59.5Z", -500000},
                    Readable{"FirstYear", "0000-01-01T00:00:00Z", -62167219200000000},
                    Readable{"LastYear", "9999-12-31T23:59:59.999999Z", 253402300799999999}),
    [](const auto& test) { return test.param.name; });

struct Unreadable {
    std::string name;
    std::string text;
};

class Rfc3339Refuses : public testing::TestWithParam<Unreadable> {};

TEST_P(Rfc3339Refuses, InvalidTimestamps) {
    EXPECT_EQ(parse_rfc3339(GetParam().text), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Dates, Rfc3339Refuses,
    testing::Values(
        Unreadable{"Empty", ""}, Unreadable{"DateAlone", "2024-01-01"},
        Unreadable{"NoSeconds", "2024-01-01T00:00"}, Unreadable{"MonthZero", "2024-00-01T00:00:00Z"},
        Unreadable{"MonthThirteen", "2024-13-01T00:00:00Z"}, Unreadable{"DayZero", "2024-01-00T00:00:00Z"},
        Unreadable{"FebruaryThirtieth", "2024-02-30T00:00:00Z"},
        Unreadable{"NoLeapYear", "2023-02-29T00:00:00Z"}, Unreadable{"Hour24", "2024-01-01T24:00:00Z"},
        Unreadable{"Minute60", "2024-01-01T00:60:00Z"}, Unreadable{"Second61", "2024-01-01T00:00:61Z"},
        Unreadable{"LeapSecondAtNoon", "2016-12-31T12:00:60Z"},
        Unreadable{"EmptyFraction", "2024-01-01T00:00:00.Z"},
        Unreadable{"CommaFraction", "2024-01-01T00:00:00,5Z"},
        Unreadable{"FiveDigitYear", "10000-01-01T00:00:00Z"}, Unreadable{"Signed", "-2024-01-01T00:00:00Z"},
        Unreadable{"OffsetOfHoursAlone", "2024-01-01T00:00:00+00"},
        Unreadable{"OffsetOfThreeDigits", "2024-01-01T00:00:00+000"},
        Unreadable{"OffsetOfFiveDigits", "2024-01-01T00:00:00+00000"},
        Unreadable{"OffsetMinute60", "2024-01-01T00:00:00+0060"},
        Unreadable{"SignWithoutOffset", "2024-01-01T00:00:00+"},
        Unreadable{"BlankForAZone", "2024-01-01T00:00:00 "},
        Unreadable{"NameOfAZone", "2024-01-01T00:00:00 UTC"},
        Unreadable{"OffsetHour24", "2024-01-01T00:00:00+24:00"},
        Unreadable{"TrailingText", "2024-01-01T00:00:00Z "},
        Unreadable{"LeadingBlank", " 2024-01-01T00:00:00Z"}, Unreadable{"Digits", "1704067200"},
        Unreadable{"Words", "never"}, Unreadable{"SignInNumber", "2024-01-01T+1:00:00Z"}),
    [](const auto& test) { return test.param.name; });

TEST(Rfc3339, RoundTripsEveryTimestamp) {
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::int64_t> micros(-62167219200000000, 253402300799999999);
    for (int i = 0; i < 20'000; ++i) {
        const Timestamp moment = epoch_plus(micros(random));
        const std::string text = format_rfc3339(moment);
        ASSERT_EQ(parse_rfc3339(text), moment) << text;
    }
}

TEST(Rfc3339, AppliesEveryOffset) {
    const Timestamp base = *parse_rfc3339("2024-06-15T12:00:00Z");
    for (int minutes = -23 * 60 - 59; minutes <= 23 * 60 + 59; ++minutes) {
        for (const char* colon : {":", ""}) {
            const std::string text = fmt::format("2024-06-15T12:00:00{}{:02}{}{:02}", minutes < 0 ? '-' : '+',
                                                 std::abs(minutes) / 60, colon, std::abs(minutes) % 60);
            ASSERT_EQ(parse_rfc3339(text), base - std::chrono::minutes(minutes)) << text;
        }
    }
}

TEST(Rfc3339, OmitsAZeroFraction) {
    EXPECT_EQ(format_rfc3339(epoch_plus(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339(epoch_plus(500000)), "1970-01-01T00:00:00.5Z");
    EXPECT_EQ(format_rfc3339(epoch_plus(1)), "1970-01-01T00:00:00.000001Z");
}

TEST(HttpDate, ReadsTheDateHeader) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Timestamp(seconds(784111777)));
    EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT"), *parse_rfc3339("2024-02-29T00:00:00Z"));
}

TEST(HttpDate, RefusesObsoleteAndBrokenForms) {
    for (const auto* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                             "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 2024 08:49:37 GMT",
                             "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT trailing"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

TEST(HttpDate, IsWrittenInWholeSeconds) {
    EXPECT_EQ(format_http_date(Timestamp(seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_http_date(Timestamp(seconds(1709251199) + microseconds(999'999))),
              "Thu, 29 Feb 2024 23:59:59 GMT");
    EXPECT_EQ(format_http_date(epoch_plus(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(HttpDate, RoundTripsToTheSecond) {
    std::mt19937_64 random(2);
    std::uniform_int_distribution<std::int64_t> micros(-62167219200000000, 253402300799999999);
    for (int i = 0; i < 20'000; ++i) {
        const Timestamp moment = epoch_plus(micros(random));
        const std::string text = format_http_date(moment);
        ASSERT_EQ(parse_http_date(text), std::chrono::floor<seconds>(moment)) << text;
    }
}

}  // namespace
}  // namespace exporter::base
