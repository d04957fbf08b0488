// The status page at `/`, for people: which organizations are polled, how the polls went, what they found,
// and where the metrics are. It is rendered from the same inventories and statistics as the metrics. Plain
// HTML and CSS, with no external resources. Organizations with a critical finding come first, then those
// whose polling needs attention. The page's size is bounded.
#pragma once

#include "base/dates.h"
#include "inventory/inventory.h"
#include "scan/statistics.h"
#include "web/html.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// Maximum number of organizations shown in full, and of brief cards after them; the rest are only counted.
inline constexpr std::size_t cards_at_most = 20;
inline constexpr std::size_t brief_cards_at_most = 200;
/// Maximum number of individual tokens on a card, if `tokens.detail` lists any.
inline constexpr std::size_t worst_tokens_at_most = 10;

/// What the page says about the program and its configuration.
struct PageSettings {
    std::string version;
    std::string telemetry_path = "/metrics";
    std::string share = {};  ///< which share of the organizations is shown, in words; empty: all of them
    base::Duration interval{};
    base::Duration stale_after{};
    inventory::Policy policy = {};
};

/// One organization's status at one moment.
struct OrganizationStatus {
    std::string name;
    std::string endpoint;                                   ///< the API's URL
    bool filtered = false;                                  ///< only tokens that match a filter are listed
    bool moving = true;                                     ///< whether its polls make progress
    std::shared_ptr<const inventory::Inventory> inventory;  ///< null: none yet, or stale
    scan::Statistics statistics;
};

/// The condition of an organization's polling, regardless of findings. In display order.
enum class Condition : std::uint8_t { needs_attention, waiting, healthy };

struct ConditionWords {
    std::string_view style;    ///< the style sheet's class
    std::string_view heading;  ///< for a single organization
    std::string_view of_one;   ///< after the number 1
    std::string_view of_several;
};
/// By `Condition`.
inline constexpr std::array<ConditionWords, 3> condition_words = {
    {{"attention", "Polling needs attention", "needs attention", "need attention"},
     {"waiting", "Waiting for the first poll", "waiting for its first poll", "waiting for their first poll"},
     {"healthy", "Polling healthy", "healthy", "healthy"}}};
[[nodiscard]] constexpr const ConditionWords& words_of(Condition condition) {
    return condition_words.at(static_cast<std::size_t>(condition));
}

/// Something a person should know and act on.
struct Problem {
    std::string title;        ///< a sentence without its full stop
    std::string text;         ///< one sentence or more; may be empty
    std::string reason = {};  ///< the `reason` in the metrics and the troubleshooting table; may be empty
};

/// Why an organization needs attention, worst first; empty if it does not.
[[nodiscard]] std::vector<Problem> problems(const OrganizationStatus& status, const PageSettings& settings,
                                            base::Timestamp now);

[[nodiscard]] Condition condition(const OrganizationStatus& status, const PageSettings& settings,
                                  base::Timestamp now);

/// Number of tokens by finding.
using FindingCounts = std::array<inventory::Count, inventory::finding_count>;
[[nodiscard]] FindingCounts finding_counts(const inventory::Inventory& inventory);

/// What a headline says besides the polling condition.
struct WorstFinding {
    inventory::Severity severity{};
    std::string words;  ///< `1 leaked token`
};

/// The first finding that any token has; nullopt: there is none, or it is only `Severity::info`.
[[nodiscard]] std::optional<WorstFinding> worst_finding(const FindingCounts& tokens);

[[nodiscard]] inline bool is_critical(const std::optional<WorstFinding>& worst) {
    return worst && worst->severity == inventory::Severity::critical;
}

/// What follows the polling condition in a headline: ` · 1 leaked token`; empty without a finding.
[[nodiscard]] Html beside_condition(const std::optional<WorstFinding>& worst);

/// The style sheet's class of a box with this headline: the worse of the two decides.
[[nodiscard]] std::string_view box_style(Condition condition, const std::optional<WorstFinding>& worst);

/// The style sheet's class for findings of this severity.
[[nodiscard]] std::string_view style_of(inventory::Severity severity);

/// How much of an organization is shown.
enum class CardSize : std::uint8_t {
    brief,   ///< its headline, and the worst problem
    folded,  ///< everything, collapsed; opened initially if its polling isn't healthy or it has a critical
             ///< finding
    open
};

[[nodiscard]] Html organization_card(const OrganizationStatus& status, const PageSettings& settings,
                                     CardSize size, base::Timestamp now);

/// A complete HTML document as of `now`; all text is escaped.
[[nodiscard]] std::string status_page(const PageSettings& settings,
                                      const std::vector<OrganizationStatus>& organizations,
                                      base::Timestamp now);

/// The counts of one inventory, or the sum of several, as shown on the page.
struct TokenSums {
    base::Timestamp as_of;  ///< of the oldest inventory
    inventory::Count tokens = 0;
    std::vector<std::string> buckets;  ///< the expiry buckets' names
    /// By token type and expiry bucket.
    std::array<std::vector<inventory::Count>, datadog::token_type_count> by_expiry;
    FindingCounts at_risk{};
    bool leaks_reported = false;

    /// Skips an inventory whose expiry buckets differ from the first one's.
    void add(const inventory::Inventory& inventory);
};

/// Two sections side by side: the findings, worst first, and the tokens by type and time left, as a chart and
/// a table.
/// @param heading the element for the two headings, such as `h3`
[[nodiscard]] Html token_tables(const TokenSums& sums, const PageSettings& settings,
                                std::string_view heading);

/// The worst tokens and their findings, collapsed; empty if `tokens.detail` lists no token with a finding.
/// @param heading the element for the heading, such as `h4`
[[nodiscard]] Html worst_tokens(const inventory::Inventory& inventory, std::string_view heading,
                                base::Timestamp now);

/// The content of the page's `<style>` element.
[[nodiscard]] std::string_view style_sheet();

/// The page's `Content-Security-Policy`. Allows only the page's own style sheet, by its hash (a test checks
/// it), and images within the document (the empty icon, without which a browser would request one).
[[nodiscard]] std::string content_security_policy();

}  // namespace exporter::web
