// Sorts, filters and pages the simulated organization's tokens as the API does, and lets tests change them.
#pragma once

#include "datadog/api.h"
#include "demo/organization.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace exporter::support {

/// A slice of the listing. The pointers are valid until the organization changes.
struct Slice {
    std::vector<const demo::SimulatedToken*> tokens;
    std::size_t total_filtered_count = 0;
};

/// One page. An unknown `sort` means by name. "Never" sorts after any date, and ties are ordered by ID,
/// ascending.
[[nodiscard]] Slice list(const demo::SimulatedOrganization& organization,
                         const datadog::PageRequest& request);

void create(demo::SimulatedOrganization& organization, demo::SimulatedToken token);
/// False: no such token.
bool revoke(demo::SimulatedOrganization& organization, std::string_view id);

/// A stable hash of a string (FNV-1a), for properties of a token that are arbitrary but must not change.
[[nodiscard]] std::uint64_t fingerprint(std::string_view text);

/// Number of fractional-second digits in a token's dates (0, 3 or 6), derived from its ID.
[[nodiscard]] int fraction_digits(std::string_view id);
/// Truncates all dates to their number of fractional digits.
void cut_dates(demo::SimulatedOrganization& organization);

}  // namespace exporter::support
