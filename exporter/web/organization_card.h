// The markup of one organization: everything about it, or a line.
#pragma once

#include "web/html.h"
#include "web/organization_status.h"

#include <cstdint>

namespace exporter::web {

/// `2 minutes ago (2026-11-24 19:08:16 UTC)`.
[[nodiscard]] Html time_element(Moment moment, Moment now);

/// How a card is shown before somebody opens or closes it; one that is not healthy is open in any case.
enum class Shown : std::uint8_t { open, closed };

/// Everything about an organization.
[[nodiscard]] Html organization_card(const OrganizationStatus& status, Shown shown, Moment now);

/// An organization as an item of a list.
[[nodiscard]] Html organization_line(const OrganizationStatus& status, Moment now);

}  // namespace exporter::web
