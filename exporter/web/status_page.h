// The page for people at `/`: what is polled, how it went, what it found, where the metrics are. It is
// rendered from the same inventories and statistics as the metrics. Plain HTML and CSS, nothing from
// elsewhere. Of many organizations those that need attention come first, and its size is bounded.
#pragma once

#include "base/dates.h"
#include "inventory/inventory.h"
#include "scan/statistics.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// Organizations that are shown with everything about them, and those that get a line after them; the rest
/// is counted.
inline constexpr std::size_t cards_at_most = 20;
inline constexpr std::size_t lines_at_most = 200;

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

/// A whole HTML document as of `now`; every text is escaped.
[[nodiscard]] std::string status_page(const PageSettings& settings,
                                      const std::vector<OrganizationStatus>& organizations,
                                      base::Timestamp now);

/// What stands between the page's `<style>` and `</style>`.
[[nodiscard]] std::string_view style_sheet();

/// The page's `Content-Security-Policy`: nothing but its own style sheet, known by its hash (a test tells
/// it), and images that are part of the document (its empty icon, which a browser would otherwise ask for).
[[nodiscard]] std::string content_security_policy();

}  // namespace exporter::web
