// Something that looks like a credential, for a fuzzer to put where it likes and to look for afterwards.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// As long as an API key. It begins as no escaped byte ends.
constexpr std::string_view planted_key = "Q123456789abcdef0123456789abcdef";

/// `KEY` in the input stands for the planted key.
inline std::string with_planted_keys(std::string_view text) {
    std::string result(text);
    for (std::size_t at = result.find("KEY"); at != std::string::npos; at = result.find("KEY", at)) {
        result.replace(at, 3, planted_key);
        at += planted_key.size();
    }
    return result;
}
