#include "web/html.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace exporter::web {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::pair<char, std::string_view>, 5> entities = {
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}}};

struct Unit {
    seconds length;
    std::string_view name;
};

constexpr std::array<Unit, 4> units = {
    {{days(1), "day"}, {hours(1), "hour"}, {minutes(1), "minute"}, {seconds(1), "second"}}};

/// In at most so many units, cut. One unit alone is a day from 48 hours on.
std::string in_units(seconds length, std::size_t most) {
    std::string text;
    for (const auto& [unit, name] : units) {
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

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        const auto* const found = std::find_if(entities.begin(), entities.end(),
                                               [c](const auto& entity) { return entity.first == c; });
        if (found == entities.end()) {
            escaped += c;
        } else {
            escaped += found->second;
        }
    }
    return escaped;
}

std::string utc_text(base::Timestamp moment) {
    std::string text = datetime_text(moment);
    std::replace(text.begin(), text.end(), 'T', ' ');
    text.pop_back();
    return text + " UTC";
}

std::string datetime_text(base::Timestamp moment) {
    return base::format_rfc3339(std::chrono::floor<seconds>(moment));
}

std::string distance_text(base::Timestamp moment, base::Timestamp now) {
    const bool ahead = moment > now;
    const auto distance = std::chrono::floor<seconds>(ahead ? moment - now : now - moment);
    if (distance < seconds(1)) {
        return "just now";
    }
    const std::string length = in_units(distance, 1);
    return ahead ? fmt::format("in {}", length) : length + " ago";
}

std::string moment_text(base::Timestamp moment, base::Timestamp now) {
    return fmt::format("{} ({})", distance_text(moment, now), utc_text(moment));
}

Html time_element(base::Timestamp moment, base::Timestamp now) {
    return html("<time datetime=\"{}\">{} <span class=\"utc\">({})</span></time>", datetime_text(moment),
                distance_text(moment, now), utc_text(moment));
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

}  // namespace exporter::web
