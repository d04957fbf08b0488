#include "base/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace exporter::base {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct NamedUnit {
    seconds length;
    std::string_view name;
};

constexpr std::array<NamedUnit, 4> named_units = {
    {{days(1), "day"}, {hours(1), "hour"}, {minutes(1), "minute"}, {seconds(1), "second"}}};

/// In at most `most` units, truncated. A single unit is days only from 48 hours on.
std::string in_units(seconds length, std::size_t most) {
    std::string text;
    for (const auto& [unit, name] : named_units) {
        const bool is_too_large = length < unit || (most == 1 && unit == days(1) && length < hours(48));
        if (most > 0 && !is_too_large) {
            text += text.empty() ? "" : " ";
            text += count_text(static_cast<std::uint64_t>(length / unit), name, std::string(name) + 's');
            length %= unit;
            --most;
        }
    }
    return text;
}

}  // namespace

std::string utc_text(Timestamp moment) {
    std::string text = datetime_text(moment);
    std::replace(text.begin(), text.end(), 'T', ' ');
    text.pop_back();
    return text + " UTC";
}

std::string datetime_text(Timestamp moment) {
    return format_rfc3339(std::chrono::floor<seconds>(moment));
}

std::string distance_text(Timestamp moment, Timestamp now) {
    const bool ahead = moment > now;
    const auto distance = std::chrono::floor<seconds>(ahead ? moment - now : now - moment);
    if (distance < seconds(1)) {
        return "just now";
    }
    const std::string length = in_units(distance, 1);
    return ahead ? fmt::format("in {}", length) : length + " ago";
}

std::string moment_text(Timestamp moment, Timestamp now) {
    return fmt::format("{} ({})", distance_text(moment, now), utc_text(moment));
}

std::string length_text(std::chrono::duration<double> length) {
    if (length < seconds(1)) {
        return fmt::format("{:.0f} ms", std::max(length.count(), 0.0) * 1000);
    }
    const auto cut = std::chrono::floor<seconds>(length);
    return length < minutes(1) && length > cut ? fmt::format("{:.1f} seconds", length.count())
                                               : in_units(cut, 2);
}

std::string capitalized(std::string_view text) {
    std::string large(text);
    if (!large.empty() && large.front() >= 'a' && large.front() <= 'z') {
        large.front() = static_cast<char>(large.front() - 'a' + 'A');
    }
    return large;
}

std::string number_text(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return text;
}

std::string count_text(std::uint64_t number, std::string_view singular, std::string_view plural) {
    return number_text(number) + ' ' + std::string(number == 1 ? singular : plural);
}

}  // namespace exporter::base
