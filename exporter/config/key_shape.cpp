#include "config/key_shape.h"

#include <algorithm>
#include <cstddef>

namespace exporter::config {

namespace {

constexpr std::size_t shortest_key = 32;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

bool looks_like_access_token(std::string_view text) {
    return text.starts_with("ddpat_") || text.starts_with("ddsat_");
}

bool may_hold_a_key(std::string_view text) {
    while (!text.empty()) {
        const auto end = std::find_if_not(text.begin(), text.end(), is_word);
        const std::string_view word(text.begin(), end);
        if (looks_like_access_token(word) ||
            (word.size() >= shortest_key && std::any_of(word.begin(), word.end(), is_digit))) {
            return true;
        }
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return false;
}

}  // namespace exporter::config
