#include "http/authorization.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace exporter::http {

namespace {

constexpr std::string_view basic_scheme = "basic";
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What follows scheme and spaces.
std::optional<std::string_view> token_in(std::string_view authorization) {
    const auto name = authorization.substr(0, basic_scheme.size());
    const bool is_basic = std::equal(name.begin(), name.end(), basic_scheme.begin(), basic_scheme.end(),
                                     [](char given, char expected) { return lower(given) == expected; });
    const auto start = authorization.find_first_not_of(' ', basic_scheme.size());
    if (!is_basic || start == basic_scheme.size() || start == std::string_view::npos) {
        return std::nullopt;
    }
    return authorization.substr(start);
}

/// Whole groups of four (RFC 4648, 4), with bits that carry nothing unset.
std::optional<WipedText> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    const auto digits = text.substr(0, std::min(text.find('='), text.size()));
    const auto padding = text.substr(digits.size());
    if (padding.size() > 2 || padding != std::string_view("==").substr(0, padding.size())) {
        return std::nullopt;
    }
    WipedText bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char digit : digits) {
        const auto value = alphabet.find(digit);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<char>(static_cast<unsigned char>(bits >> count)));
            bits &= (1U << count) - 1;
        }
    }
    if (bits != 0) {
        return std::nullopt;
    }
    return bytes;
}

}  // namespace

std::optional<Credentials> parse_basic_authorization(std::string_view authorization) {
    const auto token = token_in(authorization);
    const auto decoded = token ? decode_base64(*token) : std::nullopt;
    if (!decoded) {
        return std::nullopt;
    }
    const auto colon = std::find(decoded->begin(), decoded->end(), ':');
    if (colon == decoded->end()) {
        return std::nullopt;
    }
    return Credentials{std::string(decoded->begin(), colon), WipedText(colon + 1, decoded->end())};
}

}  // namespace exporter::http
