#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace exporter::base {
namespace {

TEST(WholeNumber, IsTheWholeTextAndNothingElse) {
    EXPECT_EQ(parse_number<unsigned>("0"), 0U);
    EXPECT_EQ(parse_number<unsigned>("007"), 7U);
    for (const char* text : {"", " 1", "1 ", "1x", "x", "+1", "1.0", "0x1", "1e3"}) {
        EXPECT_FALSE(parse_number<unsigned>(text)) << text;
        EXPECT_FALSE(parse_number<int>(text)) << text;
    }
    EXPECT_FALSE(parse_number<unsigned>(std::string_view("1\0", 2)));
    EXPECT_FALSE(parse_number<unsigned>(std::string_view{}));
}

TEST(WholeNumber, HasASignOnlyIfItsTypeHas) {
    EXPECT_EQ(parse_number<int>("-12"), -12);
    EXPECT_FALSE(parse_number<int>("-"));
    EXPECT_FALSE(parse_number<unsigned>("-12"));
    EXPECT_FALSE(parse_number<unsigned>("-0"));
}

TEST(WholeNumber, IsInTheRangeOfItsType) {
    EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
    EXPECT_FALSE(parse_number<std::uint8_t>("256"));
    EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_FALSE(parse_number<std::uint64_t>("18446744073709551616"));
    EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(parse_number<std::int64_t>("9223372036854775808"));
}

TEST(WholeNumber, MayBeHex) {
    EXPECT_EQ(parse_number<std::uint8_t>("fF", 16), 255);
    EXPECT_FALSE(parse_number<std::uint8_t>("fg", 16));
    EXPECT_FALSE(parse_number<std::uint8_t>("0xf", 16));
}

TEST(Case, IsIgnoredForAsciiLettersOnly) {
    EXPECT_TRUE(same_word("Content-Length", "cONTENT-lENGTH"));
    EXPECT_TRUE(same_word("", ""));
    EXPECT_FALSE(same_word("length", "lengths"));
    EXPECT_FALSE(same_word("@", "`"));  // differ only in the bit that separates upper from lower case
    EXPECT_FALSE(same_word("[", "{"));
    EXPECT_FALSE(same_word("Ä", "ä"));
}

TEST(Case, IsIgnoredInPartialMatches) {
    EXPECT_TRUE(begins_with("BEARER x", "Bearer"));
    EXPECT_FALSE(begins_with("Bear", "Bearer"));
    EXPECT_TRUE(ends_with("my_KEY", "key"));
    EXPECT_FALSE(ends_with("ey", "key"));
    EXPECT_TRUE(holds("x DDPAT_ y", "ddpat_"));
    EXPECT_TRUE(holds("x", ""));
    EXPECT_FALSE(holds("ddpat", "ddpat_"));
}

TEST(FirstCharacter, IsNoneForEmptyOrInvalidText) {
    EXPECT_FALSE(first_character(""));
    EXPECT_FALSE(first_character("\x80"));
    EXPECT_FALSE(first_character("\xe2\x82")) << "truncated";
    EXPECT_EQ(first_character("\u20ac!")->code, U'\u20ac');
    EXPECT_EQ(first_character("\u20ac!")->bytes, 3U);
}

TEST(Characters, AreClassifiedAsAscii) {
    int digits = 0;
    int letters = 0;
    int hexadecimal = 0;
    int controls = 0;
    int visible = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        digits += is_digit(c) ? 1 : 0;
        letters += is_letter(c) ? 1 : 0;
        hexadecimal += is_hexadecimal(c) ? 1 : 0;
        controls += is_control(c) ? 1 : 0;
        visible += is_visible(c) ? 1 : 0;
        EXPECT_EQ(is_alphanumeric(c), is_digit(c) || is_letter(c)) << byte;
        EXPECT_EQ(is_word_character(c), is_alphanumeric(c) || c == '_') << byte;
        EXPECT_EQ(lower(c) != c, is_letter(c) && c < 'a') << byte;
    }
    EXPECT_EQ(digits, 10);
    EXPECT_EQ(letters, 52);
    EXPECT_EQ(hexadecimal, 22);
    EXPECT_EQ(controls, 33);
    EXPECT_EQ(visible, 94);
}

}  // namespace
}  // namespace exporter::base
