// A page of the listing as the API writes it.
#pragma once

#include "support/simulated_listing.h"

#include <optional>
#include <string>

namespace exporter::support {

struct ListingStyle {
    bool report_leaks = true;
    /// JSON for `total_filtered_count`; nullopt leaves it out.
    std::optional<std::string> total_json;
};

/// What the API leaves open is decided by each token's id, so that it stays: `Z` or `+00:00`, fractions of 0,
/// 3 or 6 digits (never fewer than the date needs), an absent or a null `expires_at`.
[[nodiscard]] std::string listing_json(const Slice& slice, const ListingStyle& style);

/// `{"errors": [message]}`
[[nodiscard]] std::string errors_json(std::string_view message);

}  // namespace exporter::support
