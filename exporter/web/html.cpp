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

template <class Unit>
std::string whole(seconds length, std::string_view singular, std::string_view plural) {
    return count_text(static_cast<std::uint64_t>(std::chrono::floor<Unit>(length).count()), singular, plural);
}

std::string largest_unit(seconds length) {
    if (length < minutes(1)) {
        return whole<seconds>(length, "second", "seconds");
    }
    if (length < hours(1)) {
        return whole<minutes>(length, "minute", "minutes");
    }
    if (length < hours(48)) {
        return whole<hours>(length, "hour", "hours");
    }
    return whole<days>(length, "day", "days");
}

/// The largest unit of `length`, and the next one where there is something left.
template <class Unit>
std::string two_units(seconds length, std::string_view singular, std::string_view plural) {
    const auto rest = length - std::chrono::floor<Unit>(length);
    std::string text = whole<Unit>(length, singular, plural);
    return rest == seconds(0) ? text : text + ' ' + largest_unit(rest);
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
    return ahead ? "in " + largest_unit(distance) : largest_unit(distance) + " ago";
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
    if (length < minutes(1)) {
        return length == cut ? largest_unit(cut) : fmt::format("{:.1f} seconds", length.count());
    }
    if (cut < hours(1)) {
        return two_units<minutes>(cut, "minute", "minutes");
    }
    return cut < hours(24) ? two_units<hours>(cut, "hour", "hours") : two_units<days>(cut, "day", "days");
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
