#include "http/authenticator.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace exporter::http {
namespace {

using namespace std::string_literals;

using Parts = std::pair<std::string, std::string>;

struct Case {
    const char* name;
    std::string header;
    std::optional<Parts> parts;  ///< user and password; nullopt: malformed
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.header;
}

class Authorization : public ::testing::TestWithParam<Case> {};

TEST_P(Authorization, HasAUserAndAPassword) {
    const auto credentials = parse_basic_authorization(GetParam().header);
    std::optional<Parts> parts;
    if (credentials) {
        parts.emplace(credentials->user, std::string(credentials->password.expose()));
    }
    EXPECT_EQ(parts, GetParam().parts);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, Authorization,
    ::testing::Values(
        Case{"OfTheStandard", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Parts{"Aladdin", "open sesame"}},
        Case{"InUtf8", "Basic dGVzdDoxMjPCow==", Parts{"test", "123\xc2\xa3"}},
        Case{"SchemeInCapitals", "BASIC YTpi", Parts{"a", "b"}},
        Case{"SchemeInSmallLetters", "basic YTpi", Parts{"a", "b"}},
        Case{"SeveralSpaces", "Basic   YTpi", Parts{"a", "b"}},
        Case{"ColonsInThePassword", "Basic YTpiOmM6", Parts{"a", "b:c:"}},
        Case{"EmptyUser", "Basic OmI=", Parts{"", "b"}}, Case{"EmptyPassword", "Basic YTo=", Parts{"a", ""}},
        Case{"ColonAlone", "Basic Og==", Parts{"", ""}},
        Case{"NulInThePassword", "Basic YToAYg==", Parts{"a", "\0b"s}},
        Case{"AllKindsOfDigits", "Basic Ojw/Pz4++/+A", Parts{"", "<\x3f\x3f>>\xfb\xff\x80"}},
        Case{"Empty", "", std::nullopt},  //
        Case{"SchemeAlone", "Basic", std::nullopt}, Case{"SchemeAndSpaceAlone", "Basic ", std::nullopt},
        Case{"NoSpace", "BasicYTpi", std::nullopt}, Case{"TabForSpace", "Basic\tYTpi", std::nullopt},
        Case{"SpaceBefore", " Basic YTpi", std::nullopt}, Case{"SpaceAfter", "Basic YTpi ", std::nullopt},
        Case{"SpaceWithin", "Basic YT pi", std::nullopt}, Case{"LineEnd", "Basic YTpi\r\n", std::nullopt},
        Case{"OtherScheme", "Bearer YTpi", std::nullopt},
        Case{"SchemeThatOnlyStartsSo", "Basics YTpi", std::nullopt},
        Case{"TwoOfThem", "Basic YTpi,Basic YTpi", std::nullopt},
        Case{"TwoOfThemWithASpace", "Basic YTpi, Basic YTpi", std::nullopt},
        Case{"ParametersInPlaceOfAToken", "Basic realm=\"a\"", std::nullopt},
        Case{"NoColon", "Basic YWI=", std::nullopt}, Case{"NoPadding", "Basic YTo", std::nullopt},
        Case{"TooMuchPadding", "Basic YTpi====", std::nullopt},
        Case{"ThreeSignsOfPadding", "Basic Y===", std::nullopt},
        Case{"PaddingWithin", "Basic YT==YTpi", std::nullopt},
        Case{"PaddingBeforeADigit", "Basic YTp=a", std::nullopt},
        Case{"BitsBehindTheEnd", "Basic YTp=", std::nullopt},
        Case{"AlphabetForUrls", "Basic Oj8-_w==", std::nullopt},
        Case{"NulInTheToken", "Basic YTp\0"s, std::nullopt}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::http
