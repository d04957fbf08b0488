#include "demo/query.h"

#include "demo/ordering.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace exporter::demo {
namespace {

constexpr std::size_t largest_page = 100;

std::optional<char> decode_escape(std::string_view text) {
    unsigned value = 0;
    if (text.size() < 3 ||
        std::from_chars(text.data() + 1, text.data() + 3, value, 16).ptr != text.data() + 3) {
        return std::nullopt;
    }
    return static_cast<char>(static_cast<unsigned char>(value));
}

/// As forms are encoded: `%5B` is `[`, `+` a space; a `%` that begins no escape is itself.
std::string decode(std::string_view text) {
    std::string decoded;
    for (std::size_t position = 0; position < text.size(); ++position) {
        const char letter = text[position];
        const auto escaped = letter == '%' ? decode_escape(text.substr(position)) : std::nullopt;
        if (escaped) {
            position += 2;
        }
        decoded += escaped.value_or(letter == '+' ? ' ' : letter);
    }
    return decoded;
}

std::optional<std::size_t> parse_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

using Checked = tl::expected<void, std::string>;

Checked set_page_size(Query& query, std::string_view value) {
    const auto size = parse_number(value);
    if (!size || *size < 1 || *size > largest_page) {
        return tl::unexpected(std::string("page[size] must be a number from 1 to 100"));
    }
    query.page_size = *size;
    return {};
}

Checked set_page_number(Query& query, std::string_view value) {
    const auto number = parse_number(value);
    if (!number) {
        return tl::unexpected(std::string("page[number] must be a number from 0"));
    }
    query.page_number = *number;
    return {};
}

Checked set_sort(Query& query, std::string value) {
    if (!is_known_sort(value)) {
        return tl::unexpected(std::string("sort must be name, created_at, expires_at or last_used_at"));
    }
    query.sort = std::move(value);
    return {};
}

Checked set_argument(Query& query, std::string_view key, std::string value) {
    if (key == "page[size]") {
        return set_page_size(query, value);
    }
    if (key == "page[number]") {
        return set_page_number(query, value);
    }
    if (key == "sort") {
        return set_sort(query, std::move(value));
    }
    if (key == "filter") {
        query.filter = std::move(value);
    } else if (key == "filter[owned_by]") {
        query.owned_by.push_back(std::move(value));
    }
    return {};
}

}  // namespace

tl::expected<Query, std::string> parse_query(std::string_view target) {
    Query query;
    const auto question_mark = target.find('?');
    auto rest =
        question_mark == std::string_view::npos ? std::string_view() : target.substr(question_mark + 1);
    while (!rest.empty()) {
        const auto argument = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(argument.size() + 1, rest.size()));
        const auto key = argument.substr(0, argument.find('='));
        const auto value = argument.substr(std::min(key.size() + 1, argument.size()));
        if (auto checked = set_argument(query, decode(key), decode(value)); !checked) {
            return tl::unexpected(std::move(checked.error()));
        }
    }
    return query;
}

}  // namespace exporter::demo
