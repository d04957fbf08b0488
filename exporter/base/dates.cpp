#include "base/dates.h"

#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace exporter::base {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> weekday_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads a text from left to right; every step says whether it found what it wanted.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    bool literal(std::string_view expected) {
        if (!rest_.starts_with(expected)) {
            return false;
        }
        rest_.remove_prefix(expected.size());
        return true;
    }

    bool any_of(std::string_view characters) { return take_any_of(characters).has_value(); }

    std::optional<char> take_any_of(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
            return std::nullopt;
        }
        const char found = rest_.front();
        rest_.remove_prefix(1);
        return found;
    }

    /// Exactly `width` digits of a value in [low, high].
    bool number(std::size_t width, int low, int high, int& value) {
        if (rest_.size() < width) {
            return false;
        }
        value = 0;
        for (const char c : rest_.substr(0, width)) {
            if (!is_digit(c)) {
                return false;
            }
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(width);
        return value >= low && value <= high;
    }

    /// One digit or more, as a fraction of a second cut to microseconds.
    bool fraction(microseconds& value) {
        int micros = 0;
        int place = 100'000;
        std::size_t length = 0;
        while (length < rest_.size() && is_digit(rest_[length])) {
            micros += (rest_[length] - '0') * place;
            place /= 10;
            ++length;
        }
        rest_.remove_prefix(length);
        value = microseconds(micros);
        return length > 0;
    }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

/// `Z`, `+01:00`, `+0100`, or nothing, which is UTC. Datadog writes the first two; its own TypeScript client
/// reads all four.
std::optional<minutes> utc_offset(Cursor& cursor) {
    if (cursor.at_end()) {
        return minutes(0);
    }
    const auto sign = cursor.take_any_of("Zz+-");
    if (!sign) {
        return std::nullopt;
    }
    if (*sign == 'Z' || *sign == 'z') {
        return minutes(0);
    }
    int hour = 0;
    int minute = 0;
    if (!cursor.number(2, 0, 23, hour)) {
        return std::nullopt;
    }
    cursor.literal(":");
    if (!cursor.number(2, 0, 59, minute)) {
        return std::nullopt;
    }
    const minutes offset = hours(hour) + minutes(minute);
    return *sign == '-' ? -offset : offset;
}

/// Leap seconds are only ever put in at the end of a UTC day.
bool may_be_leap_second(std::chrono::sys_seconds minute_in_utc) {
    return minute_in_utc - std::chrono::floor<days>(minute_in_utc) == hours(23) + minutes(59);
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    Cursor cursor(text);
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    microseconds fraction{0};
    // RFC 3339, 5.6: `t` and `z` may be lower case, and a space may stand for the `T`.
    const bool whole = cursor.number(4, 0, 9999, year) && cursor.literal("-") &&
                       cursor.number(2, 1, 12, month) && cursor.literal("-") &&
                       cursor.number(2, 1, 31, day) && cursor.any_of("Tt ") &&
                       cursor.number(2, 0, 23, hour) && cursor.literal(":") &&
                       cursor.number(2, 0, 59, minute) && cursor.literal(":") &&
                       cursor.number(2, 0, 60, second) && (!cursor.literal(".") || cursor.fraction(fraction));
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!whole || !date.ok()) {
        return std::nullopt;
    }
    const auto offset = utc_offset(cursor);
    if (!offset || !cursor.at_end()) {
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
    const auto day = std::chrono::floor<days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   time.hours().count(), time.minutes().count(), time.seconds().count());
    if (const auto micros = time.subseconds().count(); micros != 0) {
        text += fmt::format(".{:06}", micros);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + "Z";
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    const auto comma = text.find(", ");
    if (comma != 3) {
        return std::nullopt;
    }
    Cursor cursor(text.substr(comma + 2));
    int day = 0;
    if (!cursor.number(2, 1, 31, day) || !cursor.literal(" ")) {
        return std::nullopt;
    }
    unsigned month = 0;
    for (unsigned i = 0; i < month_names.size() && month == 0; ++i) {
        if (cursor.literal(month_names[i])) {
            month = i + 1;
        }
    }
    int year = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (month == 0 || !cursor.literal(" ") || !cursor.number(4, 0, 9999, year) || !cursor.literal(" ") ||
        !cursor.number(2, 0, 23, hour) || !cursor.literal(":") || !cursor.number(2, 0, 59, minute) ||
        !cursor.literal(":") || !cursor.number(2, 0, 60, second) || !cursor.literal(" GMT") ||
        !cursor.at_end()) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

std::string format_http_date(Timestamp moment) {
    const auto day = std::chrono::floor<days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(moment - day));
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekday_names[std::chrono::weekday(day).c_encoding()],
        static_cast<unsigned>(date.day()), month_names[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace exporter::base
