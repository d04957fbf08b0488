// The page for people at `/`: what is polled, how it went, what it found, where the metrics are. Plain HTML
// and CSS, nothing from elsewhere. Of many organizations those that need attention come first, and its size
// is bounded.
#pragma once

#include "web/organization_status.h"

#include <cstddef>
#include <string>
#include <vector>

namespace exporter::web {

/// Organizations that are shown with everything about them, and those that get a line after them; the rest
/// is counted.
inline constexpr std::size_t cards_at_most = 20;
inline constexpr std::size_t lines_at_most = 200;

struct StatusPage {
    std::string version;
    std::string telemetry_path;
    std::vector<OrganizationStatus> organizations;
    std::string share = {};  ///< which part of all organizations these are, in words; empty: all of them
};

/// A whole HTML document as of `now`; every text is escaped.
[[nodiscard]] std::string render(const StatusPage& page, Moment now);

}  // namespace exporter::web
