#include "config/key_shape.h"

#include "config/text.h"

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

bool looks_like_a_key(std::string_view text) {
    const std::string_view trimmed = trim(text);
    return looks_like_access_token(trimmed) ||
           (trimmed.size() >= shortest_key && std::all_of(trimmed.begin(), trimmed.end(), is_word) &&
            std::any_of(trimmed.begin(), trimmed.end(), is_digit));
}

}  // namespace exporter::config
