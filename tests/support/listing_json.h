// Writes a page of the listing, and a user, in the API's JSON.
#pragma once

#include "datadog/user.h"
#include "support/simulated_listing.h"

#include <optional>
#include <string>
#include <string_view>

namespace exporter::support {

struct ListingStyle {
    bool report_leaks = true;
    /// JSON for `total_filtered_count`; nullopt omits it
    std::optional<std::string> total_json;
};

/// Decides by token ID what the API leaves open, so that each token always looks the same: `Z` or `+00:00`,
/// fractions of 0, 3 or 6 digits (never fewer than the date needs), an absent or a null `expires_at`.
[[nodiscard]] std::string listing_json(const Slice& slice, const ListingStyle& style);

/// A user. As in the API, null means no name.
[[nodiscard]] std::string user_json(std::string_view id, const datadog::User& user);

/// `{"errors": [message]}`
[[nodiscard]] std::string errors_json(std::string_view message);

}  // namespace exporter::support
