// A fake credential for a fuzzer to place anywhere and look for in the output.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// As long as an API key. It begins with a character that no escaped byte ends with.
constexpr std::string_view planted_key = "Q123456789abcdef0123456789abcdef";

/// Replaces `KEY` in the input with the planted key.
inline std::string with_planted_keys(std::string_view text) {
    std::string result(text);
    for (std::size_t at = result.find("KEY"); at != std::string::npos; at = result.find("KEY", at)) {
        result.replace(at, 3, planted_key);
        at += planted_key.size();
    }
    return result;
}
