#include "datadog/page.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::datadog {
namespace {

struct Case {
    std::string name;
    std::string body;
    std::string words;
};

class ErrorText : public testing::TestWithParam<Case> {};

TEST_P(ErrorText, QuotesTheApisMessage) {
    EXPECT_EQ(error_text(GetParam().body), GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ErrorText,
    testing::Values(
        Case{"Strings", R"({"errors":["Forbidden"]})", "Forbidden"},
        Case{"SeveralStrings", R"({"errors":["a","b"]})", "a; b"},
        Case{"Objects", R"({"errors":[{"title":"Bad","detail":"page[size]","status":"400"}]})",
             "Bad: page[size]"},
        Case{"ObjectWithDetailAlone", R"({"errors":[{"detail":"too many"}]})", "too many"},
        Case{"WithStatus", R"({"status":"error","code":403,"errors":["Forbidden"]})", "Forbidden"},
        Case{"OneString", R"({"errors":"Forbidden"})", "Forbidden"}, Case{"NoErrors", R"({"data":[]})", ""},
        Case{"Empty", "", ""}, Case{"PlainText", "Forbidden\r\n", "Forbidden"},
        Case{"Html", "\n<!DOCTYPE html><html><body>secret page</body></html>", "an HTML page"},
        Case{"Array", R"(["a"])", ""}, Case{"Message", R"({"message":"Forbidden"})", "Forbidden"},
        Case{"ErrorsOfBothKinds", R"({"errors":["a",{"title":"b","detail":"c"},{"detail":"d"},"e"]})",
             "a; b: c; d; e"},
        Case{"WordsOfSomethingElse",
             R"({"errors":[{"source":{"title":"a"},"title":"b"}],"deep":{"message":"c"}})", "b"},
        Case{"HalfAnEmoji", R"({"errors":["a \ud83d"]})", "a ?"},
        Case{"LineBreaksAndEscapes", R"({"errors":["a\nlevel=info\u001b[31m b"]})", "a level=info [31m b"},
        Case{"BeyondAscii", R"({"errors":["caf\u00e9 \u202e"]})", "caf? ?"}),
    [](const auto& test) { return test.param.name; });

TEST(OneLine, IsCutAfterTwoHundredBytes) {
    EXPECT_EQ(one_line(std::string(200, 'x')), std::string(200, 'x'));
    EXPECT_EQ(one_line(std::string(1000, 'x')), std::string(200, 'x') + "...");
}

TEST(ErrorText, IsTheBodyIfNestedTooDeeply) {
    const std::string deep =
        R"({"errors":["words"],"deep":)" + std::string(64, '[') + std::string(64, ']') + '}';

    EXPECT_EQ(error_text(deep), one_line(deep));
}

}  // namespace
}  // namespace exporter::datadog
