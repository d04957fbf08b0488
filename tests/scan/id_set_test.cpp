#include "scan/id_set.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::scan {
namespace {

TEST(IdSet, AnIdIsNewOnce) {
    IdSet ids;

    EXPECT_TRUE(ids.insert("a"));
    EXPECT_TRUE(ids.insert("b"));
    EXPECT_FALSE(ids.insert("a"));
    EXPECT_EQ(ids.size(), 2U);
}

TEST(IdSet, GrowsWithoutForgetting) {
    IdSet ids;
    constexpr int count = 50'000;
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(ids.insert(std::to_string(i)));
    }
    for (int i = 0; i < count; ++i) {
        ASSERT_FALSE(ids.insert(std::to_string(i)));
    }
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace exporter::scan
