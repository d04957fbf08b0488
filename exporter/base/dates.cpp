#include "base/dates.h"

#include "base/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): strptime and timegm are not in <ctime>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace exporter::base {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Whether `text` has a digit where `shape` has one, one of `Tt ` where it has a `T`, and the same characters
/// elsewhere.
bool has_shape(std::string_view text, std::string_view shape) {
    return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), [](char c, char wanted) {
        return is_digit(wanted) ? is_digit(c) : c == wanted || (wanted == 'T' && (c == 't' || c == ' '));
    });
}

/// @param digits must be digits only
int number(std::string_view digits) {
    return parse_number<int>(digits).value_or(0);
}

/// Consumes `.` and the digits after it: a fraction of a second, truncated to microseconds.
microseconds take_fraction(std::string_view& text) {
    int micros = 0;
    int place = 100'000;
    std::size_t length = 1;
    for (; length < text.size() && is_digit(text[length]); ++length) {
        micros += (text[length] - '0') * place;
        place /= 10;
    }
    text.remove_prefix(length);
    return microseconds(micros);
}

/// `Z`, `+01:00`, `+0100`, or nothing, which means UTC. Datadog writes the first two; its own TypeScript
/// client reads all four.
std::optional<minutes> utc_offset(std::string_view zone) {
    if (zone.empty() || zone == "Z" || zone == "z") {
        return minutes(0);
    }
    const std::string_view digits = zone.substr(1);
    if ((zone[0] != '+' && zone[0] != '-') || !(has_shape(digits, "00:00") || has_shape(digits, "0000"))) {
        return std::nullopt;
    }
    const int hour = number(digits.substr(0, 2));
    const int minute = number(digits.substr(digits.size() - 2));
    if (hour > 23 || minute > 59) {
        return std::nullopt;
    }
    const minutes offset = hours(hour) + minutes(minute);
    return zone[0] == '-' ? -offset : offset;
}

/// Leap seconds are only ever inserted at the end of a UTC day.
bool may_be_leap_second(std::chrono::sys_seconds minute_in_utc) {
    return minute_in_utc - std::chrono::floor<days>(minute_in_utc) == hours(23) + minutes(59);
}

struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
    bool printed;
};

constexpr std::uint64_t one_second = 1000;
constexpr std::uint64_t one_day = one_second * 3600 * 24;

/// In descending order.
constexpr std::array<Unit, 7> units = {{{"y", 365 * one_day, false},
                                        {"w", 7 * one_day, false},
                                        {"d", one_day, true},
                                        {"h", 3600 * one_second, true},
                                        {"m", 60 * one_second, true},
                                        {"s", one_second, true},
                                        {"ms", 1, true}}};

/// Short enough that adding it to the current time can't overflow a nanosecond clock.
constexpr std::uint64_t longest_duration = one_day * 365 * 100;

/// nullopt: not a duration.
std::optional<std::uint64_t> milliseconds_of(std::string_view text) {
    constexpr std::string_view digits = "0123456789";
    std::uint64_t total = 0;
    for (const auto* unit = units.begin(); !text.empty(); ++unit) {
        const std::size_t name_begin = std::min(text.find_first_not_of(digits), text.size());
        const std::size_t name_end = std::min(text.find_first_of(digits, name_begin), text.size());
        const auto number = parse_number<std::uint64_t>(text.substr(0, name_begin));
        const std::string_view name = text.substr(name_begin, name_end - name_begin);
        unit = std::find_if(unit, units.end(), [=](const Unit& known) { return known.name == name; });
        if (!number || unit == units.end() || *number > (longest_duration - total) / unit->milliseconds) {
            return std::nullopt;
        }
        total += *number * unit->milliseconds;
        text.remove_prefix(name_end);
    }
    return total;
}

/// fmt's own conversion uses nanoseconds, which overflow in the year 2262.
std::tm fields_of(std::chrono::sys_seconds moment) {
    return fmt::gmtime(std::time_t{moment.time_since_epoch().count()});
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    // RFC 3339, 5.6: `t` and `z` may be lower case, and a space may replace the `T`.
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (!has_shape(text.substr(0, shape.size()), shape)) {
        return std::nullopt;
    }
    const auto field = [text](std::size_t begin) { return number(text.substr(begin, 2)); };
    const std::chrono::year_month_day date{std::chrono::year(number(text.substr(0, 4))),
                                           std::chrono::month(static_cast<unsigned>(field(5))),
                                           std::chrono::day(static_cast<unsigned>(field(8)))};
    const int hour = field(11);
    const int minute = field(14);
    const int second = field(17);
    text.remove_prefix(shape.size());
    const bool has_fraction = text.size() > 1 && text[0] == '.' && is_digit(text[1]);
    const microseconds fraction = has_fraction ? take_fraction(text) : microseconds(0);
    const auto offset = utc_offset(text);
    if (!date.ok() || hour > 23 || minute > 59 || second > 60 || !offset) {
        return std::nullopt;
    }
    const std::chrono::sys_seconds minute_in_utc =
        std::chrono::sys_days(date) + hours(hour) + minutes(minute) - *offset;
    if (second == 60) {
        return may_be_leap_second(minute_in_utc) ? std::optional<Timestamp>(minute_in_utc + minutes(1))
                                                 : std::nullopt;
    }
    return minute_in_utc + seconds(second) + fraction;
}

std::string format_rfc3339(Timestamp moment) {
    const auto second = std::chrono::floor<seconds>(moment);
    std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fields_of(second));
    if (const auto micros = (moment - second).count(); micros != 0) {
        text += fmt::format(".{:06}", micros);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + "Z";
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    const std::string terminated(text);
    std::tm fields{};
    if (::strptime(terminated.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &fields) == nullptr) {
        return std::nullopt;
    }
    const Timestamp moment = std::chrono::sys_seconds(seconds(::timegm(&fields)));
    // strptime also accepts nonexistent dates and other formats. The day of the week is ignored.
    const std::string written = format_http_date(moment);
    return text.substr(3) == std::string_view(written).substr(3) ? std::optional(moment) : std::nullopt;
}

std::string format_http_date(Timestamp moment) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fields_of(std::chrono::floor<seconds>(moment)));
}

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
    const auto total = text == "0" ? std::optional<std::uint64_t>(0) : milliseconds_of(text);
    if (text.empty() || !total) {
        return tl::unexpected(fmt::format(
            "{} is not a duration; write it like 90s, 5m, 1h30m or 7d: whole numbers of y, w, d, h, "
            "m, s or ms, largest unit first, each once, at most 100y",
            quote(text)));
    }
    return Duration(static_cast<Duration::rep>(*total));
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
