#include "datadog/surrogates.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace exporter::datadog {

namespace {

/// The code unit of `\uXXXX` at `at`; nullopt where there is none.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
    constexpr std::size_t length = 6;
    unsigned unit = 0;
    if (at + length > text.size() || text[at] != '\\' || text[at + 1] != 'u') {
        return std::nullopt;
    }
    const char* const end = text.data() + at + length;
    const auto [stop, error] = std::from_chars(end - 4, end, unit, 16);
    return error == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

}  // namespace

void replace_lone_surrogates(char* begin, std::size_t length) {
    constexpr std::string_view replacement = "\\uFFFD";
    const std::string_view text(begin, length);
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const auto unit = escaped_unit(text, at);
        if (!unit) {
            at += 2;  // Another escape, of which the second character may be a backslash.
            continue;
        }
        const auto next = escaped_unit(text, at + replacement.size());
        const bool first_half = *unit >= 0xD800 && *unit < 0xDC00;
        const bool second_half = *unit >= 0xDC00 && *unit < 0xE000;
        if (first_half && next && *next >= 0xDC00 && *next < 0xE000) {
            at += replacement.size();
        } else if (first_half || second_half) {
            std::copy(replacement.begin(), replacement.end(), begin + at);
        }
        at += replacement.size();
    }
}

}  // namespace exporter::datadog
