#include "web/routes.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace exporter::web {
namespace {

/// In thousandths, as three decimals are all that a weight may have.
using Weight = unsigned;

constexpr std::string_view whitespace = " \t";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(whitespace);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(whitespace) - first + 1);
}

/// Cuts off and returns what is before the next `separator`, trimmed.
std::string_view take_until(char separator, std::string_view& text) {
    const auto end = text.find(separator);
    const auto taken = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

bool same_word(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [lower](char a, char b) { return lower(a) == lower(b); });
}

/// `0`, `1`, or either with up to three decimals, at most 1. What reads otherwise is 0: a plain body is
/// always right.
Weight parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
        (text.size() > 1 && text[1] != '.')) {
        return 0;
    }
    Weight weight = text[0] == '1' ? 1000 : 0;
    Weight unit = 100;
    for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (digit < '0' || digit > '9') {
            return 0;
        }
        weight += static_cast<Weight>(digit - '0') * unit;
        unit /= 10;
    }
    return weight > 1000 ? 0 : weight;
}

/// The weight among a coding's parameters; 1 when there is none.
Weight weight_in(std::string_view parameters) {
    while (!parameters.empty()) {
        auto parameter = take_until(';', parameters);
        if (same_word(take_until('=', parameter), "q")) {
            return parse_weight(trimmed(parameter));
        }
    }
    return 1000;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    std::optional<Weight> gzip;
    Weight any = 0;
    while (!accept_encoding.empty()) {
        auto parameters = take_until(',', accept_encoding);
        const auto coding = take_until(';', parameters);
        if (same_word(coding, "gzip") || same_word(coding, "x-gzip")) {
            gzip = std::max(gzip.value_or(0), weight_in(parameters));
        } else if (coding == "*") {
            any = weight_in(parameters);
        }
    }
    return gzip.value_or(any) > 0;
}

}  // namespace exporter::web
