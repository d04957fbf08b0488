#include "support/http_text.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace exporter::support {
namespace {

using datadog::PageRequest;

constexpr std::size_t largest_page = 100;
constexpr std::size_t default_page_size = 10;
constexpr std::array<std::string_view, 4> sort_keys = {"name", "created_at", "expires_at", "last_used_at"};

std::optional<char> decode_escape(std::string_view text) {
    unsigned value = 0;
    if (text.size() < 3 ||
        std::from_chars(text.data() + 1, text.data() + 3, value, 16).ptr != text.data() + 3) {
        return std::nullopt;
    }
    return static_cast<char>(static_cast<unsigned char>(value));
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

Checked set_page_size(PageRequest& request, std::string_view value) {
    const auto size = parse_number(value);
    if (!size || *size < 1 || *size > largest_page) {
        return tl::unexpected(std::string("page[size] must be a number from 1 to 100"));
    }
    request.size = *size;
    return {};
}

Checked set_page_number(PageRequest& request, std::string_view value) {
    const auto number = parse_number(value);
    if (!number) {
        return tl::unexpected(std::string("page[number] must be a number from 0"));
    }
    request.number = *number;
    return {};
}

/// Accepts a sort key, optionally preceded by `-`.
bool is_known_sort(std::string_view sort) {
    const auto key = sort.starts_with('-') ? sort.substr(1) : sort;
    return std::find(sort_keys.begin(), sort_keys.end(), key) != sort_keys.end();
}

Checked set_sort(PageRequest& request, const std::string& value) {
    if (!is_known_sort(value)) {
        return tl::unexpected(std::string("sort must be name, created_at, expires_at or last_used_at"));
    }
    request.sort = value;
    return {};
}

Checked set_argument(PageRequest& request, std::string_view key, std::string value) {
    if (key == "page[size]") {
        return set_page_size(request, value);
    }
    if (key == "page[number]") {
        return set_page_number(request, value);
    }
    if (key == "sort") {
        return set_sort(request, value);
    }
    if (key == "filter") {
        request.filter = std::move(value);
    } else if (key == "filter[owned_by]") {
        request.owned_by.push_back(std::move(value));
    }
    return {};
}

bool is_refusal(std::string_view parameter) {
    const auto weight = base::trim(parameter);
    return weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
}

/// Returns the text before `separator`, and removes both from `text`.
std::string_view take(std::string_view& text, std::string_view separator) {
    const auto taken = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(taken.size() + separator.size(), text.size()));
    return taken;
}

}  // namespace

std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t position = 0; position < text.size(); ++position) {
        const char letter = text[position];
        const auto escaped = letter == '%' ? decode_escape(text.substr(position)) : std::nullopt;
        if (escaped) {
            position += 2;
        }
        plain += escaped.value_or(letter == '+' ? ' ' : letter);
    }
    return plain;
}

std::string_view HttpRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

HttpRequest parse_request(std::string_view head) {
    HttpRequest request;
    auto line = take(head, "\r\n");
    request.method = take(line, " ");
    request.target = take(line, " ");
    for (line = take(head, "\r\n"); !line.empty(); line = take(head, "\r\n")) {
        const auto name = take(line, ":");
        request.headers.emplace_back(base::lower(name), base::trim(line));
    }
    return request;
}

tl::expected<PageRequest, std::string> parse_query(std::string_view target) {
    PageRequest request{.size = default_page_size, .sort = "name"};
    (void)take(target, "?");
    while (!target.empty()) {
        auto value = take(target, "&");
        const auto key = take(value, "=");
        if (auto checked = set_argument(request, decoded(key), decoded(value)); !checked) {
            return tl::unexpected(std::move(checked.error()));
        }
    }
    return request;
}

bool allows_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        auto coding = take(accept_encoding, ",");
        if (base::trim(take(coding, ";")) == "gzip") {
            return !is_refusal(coding);
        }
    }
    return false;
}

std::vector<std::pair<std::string, std::string>> rate_limit_headers(const datadog::RateLimit& state) {
    const std::int64_t limit = state.limit.value_or(0);
    const std::int64_t remaining = state.remaining.value_or(0);
    std::vector<std::pair<std::string, std::string>> headers = {
        {"X-RateLimit-Limit", std::to_string(limit)},
        {"X-RateLimit-Period", std::to_string(state.period.value_or(std::chrono::seconds(0)).count())},
        {"X-RateLimit-Remaining", std::to_string(remaining)},
        {"X-RateLimit-Reset", std::to_string(state.reset.value_or(std::chrono::seconds(0)).count())},
    };
    if ((limit - remaining) % 2 == 1) {
        headers.emplace_back("X-RateLimit-Name", "list_access_tokens");
    }
    return headers;
}

}  // namespace exporter::support
