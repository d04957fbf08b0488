#include "base/duration.h"

#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace exporter::base {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
    bool printed;
};

constexpr std::uint64_t one_second = 1000;
constexpr std::uint64_t one_day = one_second * 3600 * 24;

/// In falling order.
constexpr std::array<Unit, 7> units = {{{"y", 365 * one_day, false},
                                        {"w", 7 * one_day, false},
                                        {"d", one_day, true},
                                        {"h", 3600 * one_second, true},
                                        {"m", 60 * one_second, true},
                                        {"s", one_second, true},
                                        {"ms", 1, true}}};

/// Far from what a clock in nanoseconds can add to today.
constexpr std::uint64_t longest_duration = one_day * 365 * 100;

tl::unexpected<std::string> not_a_duration(std::string_view text, std::string_view why) {
    return tl::unexpected(
        fmt::format("{} is not a duration: {}; write it like 90s, 5m, 1h30m or 7d", quote(text), why));
}

std::size_t leading(std::string_view text, bool digits) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length]) == digits) {
        ++length;
    }
    return length;
}

}  // namespace

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
    if (text.empty()) {
        return not_a_duration(text, "it is empty");
    }
    if (text == "0") {
        return Duration::zero();
    }
    std::uint64_t total = 0;
    std::size_t next_unit = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view digits = rest.substr(0, leading(rest, true));
        rest.remove_prefix(digits.size());
        const std::string_view name = rest.substr(0, leading(rest, false));
        rest.remove_prefix(name.size());
        if (digits.empty()) {
            return not_a_duration(text, "a whole number is missing");
        }
        if (name.empty()) {
            return not_a_duration(text, "a unit is missing");
        }
        std::size_t unit = 0;
        while (unit < units.size() && units.at(unit).name != name) {
            ++unit;
        }
        if (unit == units.size()) {
            return not_a_duration(text, fmt::format("{} is not one of y, w, d, h, m, s, ms", quote(name)));
        }
        if (unit < next_unit) {
            return not_a_duration(text, "units go from long to short, each once");
        }
        next_unit = unit + 1;
        const std::optional<std::uint64_t> number = parse_number<std::uint64_t>(digits);
        if (!number || *number > (longest_duration - total) / units.at(unit).milliseconds) {
            return not_a_duration(text, "it is longer than 100y");
        }
        total += *number * units.at(unit).milliseconds;
    }
    return Duration(static_cast<Duration::rep>(total));
}

std::string format_duration(Duration duration) {
    if (duration == Duration::zero()) {
        return "0s";
    }
    std::string text = duration < Duration::zero() ? "-" : "";
    const auto count = static_cast<std::uint64_t>(duration.count());
    std::uint64_t rest = duration < Duration::zero() ? 0 - count : count;
    for (const Unit& unit : units) {
        if (unit.printed && rest >= unit.milliseconds) {
            text += fmt::format("{}{}", rest / unit.milliseconds, unit.name);
            rest %= unit.milliseconds;
        }
    }
    return text;
}

}  // namespace exporter::base
