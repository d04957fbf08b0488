// One organization on the status page: how it fares, in words, and its markup.
#pragma once

#include "web/html.h"
#include "web/status_page.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// In the order in which people should see them.
enum class Condition : std::uint8_t { needs_attention, waiting, healthy };

struct ConditionWords {
    std::string_view style;  ///< the style sheet's class
    std::string_view of_one;
    std::string_view of_several;
};
/// By `Condition`.
inline constexpr std::array<ConditionWords, 3> condition_words = {
    {{"attention", "needs attention", "need attention"},
     {"waiting", "waiting for its first poll", "waiting for their first poll"},
     {"healthy", "healthy", "healthy"}}};
[[nodiscard]] constexpr const ConditionWords& words_of(Condition condition) {
    return condition_words.at(static_cast<std::size_t>(condition));
}

/// Something a person should know, and do.
struct Problem {
    std::string title;        ///< a sentence without its full stop
    std::string text;         ///< one sentence or more; may be empty
    std::string reason = {};  ///< the `reason` of the metrics and of the troubleshooting table; may be empty
};

/// Why an organization needs attention, the worst first; empty unless it does.
[[nodiscard]] std::vector<Problem> problems(const OrganizationStatus& status, const PageSettings& settings,
                                            base::Timestamp now);

[[nodiscard]] Condition condition(const OrganizationStatus& status, const PageSettings& settings,
                                  base::Timestamp now);

/// Everything about an organization.
/// @param open before somebody opens or closes it; one that is not healthy is open in any case
[[nodiscard]] Html organization_card(const OrganizationStatus& status, const PageSettings& settings,
                                     bool open, base::Timestamp now);

/// An organization as an item of a list.
[[nodiscard]] Html organization_line(const OrganizationStatus& status, const PageSettings& settings,
                                     base::Timestamp now);

}  // namespace exporter::web
