// The page for people at `/`: what is polled, how it went, what it found, where the metrics are. It is
// rendered from the same inventories and statistics as the metrics. Plain HTML and CSS, nothing from
// elsewhere. Of many organizations those that need attention come first, and its size is bounded.
#pragma once

#include "base/dates.h"
#include "inventory/inventory.h"
#include "scan/statistics.h"
#include "web/html.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// Organizations that are shown with everything about them, and those that get a brief card after them; the
/// rest is counted.
inline constexpr std::size_t cards_at_most = 20;
inline constexpr std::size_t brief_cards_at_most = 200;

/// What the page says of the program and its configuration.
struct PageSettings {
    std::string version;
    std::string telemetry_path = "/metrics";
    std::string share = {};  ///< which part of all organizations is shown, in words; empty: all of them
    base::Duration interval{};
    base::Duration stale_after{};
    base::Duration max_lifetime{};
    base::Duration max_idle{};
};

/// One organization at one moment.
struct OrganizationStatus {
    std::string name;
    std::string endpoint;                                   ///< the API's URL
    bool filtered = false;                                  ///< only tokens that match a filter are listed
    bool moving = true;                                     ///< whether its polls go on as they should
    std::shared_ptr<const inventory::Inventory> inventory;  ///< null: there is none yet, or it went stale
    scan::Statistics statistics;
};

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

/// How much of an organization is shown.
enum class CardSize : std::uint8_t {
    brief,   ///< its condition, and the worst problem
    folded,  ///< everything, once somebody opens it; one that is not healthy is open in any case
    open
};

[[nodiscard]] Html organization_card(const OrganizationStatus& status, const PageSettings& settings,
                                     CardSize size, base::Timestamp now);

/// A whole HTML document as of `now`; every text is escaped.
[[nodiscard]] std::string status_page(const PageSettings& settings,
                                      const std::vector<OrganizationStatus>& organizations,
                                      base::Timestamp now);

/// The counts of one inventory, or of several added up, as the page shows them.
struct TokenSums {
    base::Timestamp as_of;  ///< of the oldest inventory
    inventory::Count tokens = 0;
    std::vector<std::string> buckets;  ///< the expiry buckets' names
    /// By token type and expiry bucket.
    std::array<std::vector<inventory::Count>, datadog::token_type_count> by_expiry;
    std::array<inventory::Count, inventory::risk_count> at_risk{};
    bool leaks_reported = false;

    /// One whose expiry buckets are not those of the first is left out.
    void add(const inventory::Inventory& inventory);
};

/// Side by side: by type and time left a picture and the table that it is drawn from, and the findings, the
/// most serious first.
/// @param heading the element of the two headings, such as `h3`
[[nodiscard]] Html token_tables(const TokenSums& sums, const PageSettings& settings,
                                std::string_view heading);

/// What stands between the page's `<style>` and `</style>`.
[[nodiscard]] std::string_view style_sheet();

/// The page's `Content-Security-Policy`: nothing but its own style sheet, known by its hash (a test tells
/// it), and images that are part of the document (its empty icon, which a browser would otherwise ask for).
[[nodiscard]] std::string content_security_policy();

}  // namespace exporter::web
