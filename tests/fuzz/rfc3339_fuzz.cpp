// The date parser agrees with a slow, simple reference parser: both return the same moment, or both reject
// the text. A formatted date parses back to the same moment.
#include "base/dates.h"
#include "require.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

using exporter::base::Timestamp;

/// In `shape`, `d` matches a digit; every other character matches itself.
bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() != shape.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool fits = shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
        if (!fits) {
            return false;
        }
    }
    return true;
}

/// The value of a string of digits.
int number(std::string_view digits) {
    int value = 0;
    for (const char digit : digits) {
        value = value * 10 + (digit - '0');
    }
    return value;
}

bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_of_month(int year, int month) {
    constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days.at(static_cast<std::size_t>(month) - 1);
}

/// Days since 0000-01-01.
std::int64_t day_number(int year, int month, int day) {
    std::int64_t days = 0;
    for (int past = 0; past < year; ++past) {
        days += is_leap(past) ? 366 : 365;
    }
    for (int past = 1; past < month; ++past) {
        days += days_of_month(year, past);
    }
    return days + day - 1;
}

std::int64_t unix_day(int year, int month, int day) {
    static const std::int64_t epoch = day_number(1970, 1, 1);
    return day_number(year, month, day) - epoch;
}

bool is_date(int year, int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= days_of_month(year, month);
}

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minutes_of_day = 24 * 60;

std::optional<Timestamp> reference_rfc3339(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < shape.size()) {
        return std::nullopt;
    }
    std::string head(text.substr(0, shape.size()));
    if (head[10] == 't' || head[10] == ' ') {
        head[10] = 'T';
    }
    if (!has_shape(head, shape)) {
        return std::nullopt;
    }
    const std::string_view fields(head);
    const int year = number(fields.substr(0, 4));
    const int month = number(fields.substr(5, 2));
    const int day = number(fields.substr(8, 2));
    const int hour = number(fields.substr(11, 2));
    const int minute = number(fields.substr(14, 2));
    const int seconds = number(fields.substr(17, 2));
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || seconds > 60) {
        return std::nullopt;
    }

    // Padded or truncated to six digits, the fraction is a number of microseconds.
    std::string_view rest = text.substr(shape.size());
    std::string fraction;
    if (rest.starts_with('.')) {
        const std::size_t end = rest.find_first_not_of("0123456789", 1);
        fraction = rest.substr(1, end == std::string_view::npos ? end : end - 1);
        if (fraction.empty()) {
            return std::nullopt;
        }
        rest.remove_prefix(1 + fraction.size());
    }
    fraction.resize(6, '0');

    int offset = 0;
    const bool with_colon = has_shape(rest, "+dd:dd") || has_shape(rest, "-dd:dd");
    if (with_colon || has_shape(rest, "+dddd") || has_shape(rest, "-dddd")) {
        const int hours = number(rest.substr(1, 2));
        const int minutes = number(rest.substr(with_colon ? 4 : 3, 2));
        if (hours > 23 || minutes > 59) {
            return std::nullopt;
        }
        offset = (rest.front() == '-' ? -1 : 1) * (hours * 60 + minutes);
    } else if (!rest.empty() && rest != "Z" && rest != "z") {
        return std::nullopt;
    }

    // Convert to UTC minutes first, because the offset decides whether this minute can have a leap second.
    std::int64_t minute_in_utc = unix_day(year, month, day) * minutes_of_day + hour * 60 + minute - offset;
    std::int64_t in_minute = seconds * second + number(fraction);
    if (seconds == 60) {
        ++minute_in_utc;
        in_minute = 0;
        if (minute_in_utc % minutes_of_day != 0) {
            return std::nullopt;
        }
    }
    return Timestamp(std::chrono::microseconds(minute_in_utc * 60 * second + in_minute));
}

/// Accepts any three characters as the day of the week.
std::optional<Timestamp> reference_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() < 3 + std::string_view(", dd ").size() + 3) {
        return std::nullopt;
    }
    const std::string_view day_part = text.substr(3, 5);
    const std::string_view month_part = text.substr(8, 3);
    const std::string_view rest = text.substr(11);
    int month = 0;
    for (int candidate = 1; candidate <= 12; ++candidate) {
        if (month_part == months.at(static_cast<std::size_t>(candidate) - 1)) {
            month = candidate;
        }
    }
    if (!has_shape(day_part, ", dd ") || month == 0 || !has_shape(rest, " dddd dd:dd:dd GMT")) {
        return std::nullopt;
    }
    const int year = number(rest.substr(1, 4));
    const int day = number(day_part.substr(2, 2));
    const int hour = number(rest.substr(6, 2));
    const int minute = number(rest.substr(9, 2));
    const int seconds = number(rest.substr(12, 2));
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || seconds > 59) {
        return std::nullopt;
    }
    const std::int64_t in_day = (hour * 60 + minute) * std::int64_t{60} + seconds;
    return Timestamp(std::chrono::seconds(unix_day(year, month, day) * 86400 + in_day));
}

bool starts_with_weekday(std::string_view text) {
    for (const std::string_view name : {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}) {
        if (text.starts_with(name)) {
            return true;
        }
    }
    return false;
}

constexpr Timestamp first_writable(std::chrono::seconds(-62167219200));  // 0000-01-01T00:00:00Z
constexpr Timestamp past_writable(std::chrono::seconds(253402300800));   // 10000-01-01T00:00:00Z

void check_written(Timestamp moment) {
    const std::string written = exporter::base::format_rfc3339(moment);
    require(reference_rfc3339(written) == moment);
    require(exporter::base::parse_rfc3339(written) == moment);
    require(reference_http_date(exporter::base::format_http_date(moment)) ==
            std::chrono::floor<std::chrono::seconds>(moment));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::base;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto moment = parse_rfc3339(text);
    require(moment == reference_rfc3339(text));
    // An offset can move the first and the last day outside the years that can be formatted.
    if (moment && *moment >= first_writable && *moment < past_writable) {
        check_written(*moment);
    }

    // The parser may accept or reject unknown weekday names, because the weekday adds nothing to the date.
    const auto http_moment = parse_http_date(text);
    const auto http_reference = reference_http_date(text);
    require(!http_moment || http_moment == http_reference);
    require(!http_reference || !starts_with_weekday(text) || http_moment);

    FuzzedDataProvider values(data, size);
    const Timestamp last_writable = past_writable - std::chrono::microseconds(1);
    check_written(Timestamp(std::chrono::microseconds(values.ConsumeIntegralInRange<std::int64_t>(
        first_writable.time_since_epoch().count(), last_writable.time_since_epoch().count()))));
    return 0;
}
