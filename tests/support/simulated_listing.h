// The simulated organization's listing as the API sorts, filters and cuts it into pages; and changes to it by
// hand.
#pragma once

#include "datadog/api.h"
#include "demo/organization.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace exporter::support {

/// A slice of the listing: pointers are valid until the organization changes.
struct Slice {
    std::vector<const demo::SimulatedToken*> tokens;
    std::size_t total_filtered_count = 0;
};

/// One page. An unknown `sort` is that by name; "never" is later than any date, and ties go by id, ascending.
[[nodiscard]] Slice list(const demo::SimulatedOrganization& organization,
                         const datadog::PageRequest& request);

void create(demo::SimulatedOrganization& organization, demo::SimulatedToken token);
/// False: there is no such token.
bool revoke(demo::SimulatedOrganization& organization, std::string_view id);

/// A number that stays with a text (FNV-1a): decides what is arbitrary about a token but must not change.
[[nodiscard]] std::uint64_t fingerprint(std::string_view text);

/// How many digits a token's dates have after the second (0, 3 or 6), which stays with its id.
[[nodiscard]] int fraction_digits(std::string_view id);
/// Cuts all dates to so many.
void cut_dates(demo::SimulatedOrganization& organization);

}  // namespace exporter::support
