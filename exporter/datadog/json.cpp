#include "datadog/json.h"

#include "base/text.h"
#include "datadog/page.h"

#include <algorithm>
#include <string_view>

namespace exporter::datadog {

namespace {

/// The code unit of `\uXXXX` at `at`; nullopt if there is none.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
    constexpr std::size_t length = 6;
    if (at + length > text.size() || text[at] != '\\' || text[at + 1] != 'u') {
        return std::nullopt;
    }
    return base::parse_number<unsigned>(text.substr(at + 2, length - 2), 16);
}

void replace_lone_surrogates(std::span<char> json) {
    constexpr std::string_view replacement = "\\uFFFD";
    const std::string_view text(json.data(), json.size());
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const auto unit = escaped_unit(text, at);
        if (!unit) {
            at += 2;  // Another escape, whose second character may be a backslash.
            continue;
        }
        const auto next = escaped_unit(text, at + replacement.size());
        const bool first_half = *unit >= 0xD800 && *unit < 0xDC00;
        const bool second_half = *unit >= 0xDC00 && *unit < 0xE000;
        if (first_half && next && *next >= 0xDC00 && *next < 0xE000) {
            at += replacement.size();
        } else if (first_half || second_half) {
            std::ranges::copy(replacement, json.begin() + static_cast<std::ptrdiff_t>(at));
        }
        at += replacement.size();
    }
}

}  // namespace

std::span<char> readable_json(std::span<char> text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const bool is_marked = std::string_view(text.data(), text.size()).starts_with(byte_order_mark);
    const std::span<char> json = is_marked ? text.subspan(byte_order_mark.size()) : text;
    replace_lone_surrogates(json);
    return json;
}

Error too_deep() {
    return {ErrorKind::bad_page, fmt::format("nesting of more than {} levels", most_levels)};
}

}  // namespace exporter::datadog
