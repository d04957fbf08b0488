#include "support/http_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace exporter::support {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseQuery, NoArgumentsAreTheDefaults) {
    for (const char* target : {"/list", "/list?", "/list?&&", "/list?unknown=1&page%5Bcursor%5D=x"}) {
        const auto query = parse_query(target);
        ASSERT_TRUE(query) << target;
        EXPECT_EQ(query->sort, "name");
        EXPECT_EQ(query->filter, "");
        EXPECT_EQ(query->size, 10U);
        EXPECT_EQ(query->number, 0U);
        EXPECT_THAT(query->owned_by, ElementsAre());
    }
}

TEST(ParseQuery, BracketsComeEncodedOrPlain) {
    for (const char* target :
         {"/l?page%5Bsize%5D=25&page%5Bnumber%5D=3&filter%5Bowned_by%5D=a&filter%5bowned_by%5d=b",
          "/l?page[size]=25&page[number]=3&filter[owned_by]=a&filter[owned_by]=b"}) {
        const auto query = parse_query(target);
        ASSERT_TRUE(query) << target;
        EXPECT_EQ(query->size, 25U);
        EXPECT_EQ(query->number, 3U);
        EXPECT_THAT(query->owned_by, ElementsAre("a", "b"));
    }
}

TEST(ParseQuery, ValuesAreDecoded) {
    const auto query = parse_query("/l?filter=a%20b+c%26d=e%zz%4");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->filter, "a b c&d=e%zz%4");
}

struct BadCase {
    std::string name;
    std::string arguments;
    std::string complaint;
};

class BadQuery : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadQuery, IsRefusedByName) {
    const auto query = parse_query("/l?" + GetParam().arguments);
    ASSERT_FALSE(query);
    EXPECT_THAT(query.error(), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadQuery,
    ::testing::Values(BadCase{"size_zero", "page[size]=0", "page[size]"},
                      BadCase{"size_over_100", "page%5Bsize%5D=101", "page[size]"},
                      BadCase{"size_empty", "page[size]=", "page[size]"},
                      BadCase{"size_word", "page[size]=ten", "page[size]"},
                      BadCase{"size_trailing", "page[size]=10x", "page[size]"},
                      BadCase{"size_overflow", "page[size]=99999999999999999999", "page[size]"},
                      BadCase{"number_negative", "page[number]=-1", "page[number]"},
                      BadCase{"number_word", "page[number]=one", "page[number]"},
                      BadCase{"sort_unknown", "sort=owner", "sort"}, BadCase{"sort_minus", "sort=-", "sort"},
                      BadCase{"sort_two_minus", "sort=--name", "sort"},
                      BadCase{"sort_empty", "sort=", "sort"}),
    [](const ::testing::TestParamInfo<BadCase>& tested) { return tested.param.name; });

}  // namespace
}  // namespace exporter::support
