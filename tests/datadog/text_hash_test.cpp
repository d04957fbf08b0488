#include "datadog/text_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace exporter::datadog {
namespace {

/// Answers of another implementation: libstdc++'s `std::hash`, which is MurmurHash64A on 64-bit machines.
TEST(TextHash, IsTheSameOnEveryMachine) {
    EXPECT_EQ(text_hash(""), 0x553E93901E462A6EU);
    EXPECT_EQ(text_hash("a"), 0x454DDEE488C1ED6BU);
    EXPECT_EQ(text_hash("1234567"), 0x6D7A4E79E8A2CBF6U);
    EXPECT_EQ(text_hash("12345678"), 0x8C5B90A33A04DCA5U);
    EXPECT_EQ(text_hash("org_management"), 0xABDC99849CF407DBU);
    EXPECT_EQ(text_hash("cbccf807-b58d-4af6-aff8-a1f16d827869"), 0x98A1A17EBF590FF8U);
    EXPECT_EQ(text_hash("\xFF\xFE\x80"), 0xCA01BF8F2C418857U);
}

TEST(PlaceOf, SpreadsTheHashesInTheirOrder) {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

    EXPECT_EQ(place_of(0, 3), 0U);
    EXPECT_EQ(place_of(last / 3, 3), 0U);
    EXPECT_EQ(place_of(last / 3 + 1, 3), 1U);
    EXPECT_EQ(place_of(last, 3), 2U);
    EXPECT_EQ(place_of(last, 1), 0U);
}

}  // namespace
}  // namespace exporter::datadog
