#include "base/text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace exporter::base {
namespace {

std::optional<std::string> decoded(std::string_view text) {
    const auto bytes = decode_base64(text);
    return bytes ? std::optional(std::string(bytes->begin(), bytes->end())) : std::nullopt;
}

TEST(Base64, MatchesTheRfc4648Vectors) {
    for (const auto& [bytes, text] : {std::pair{"", ""},
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foob", "Zm9vYg=="},
                                      {"fooba", "Zm9vYmE="},
                                      {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(encode_base64(bytes), text);
        EXPECT_EQ(decoded(text), bytes);
    }
}

TEST(Base64, RandomBytesComeBack) {
    std::mt19937 random(3);
    std::uniform_int_distribution<int> byte(0, 255);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string bytes(size, '\0');
        for (char& c : bytes) {
            c = static_cast<char>(byte(random));
        }
        ASSERT_EQ(decoded(encode_base64(bytes)), bytes);
    }
}

TEST(Base64, RefusesMalformedText) {
    for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Zh==", "Zm9=", "Zm8 ", "Zm8\n",
                             " Zm8", "Zm-_", "Zg==Zg==", "Zg=\n"}) {
        EXPECT_EQ(decoded(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace exporter::base
