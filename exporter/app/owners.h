// Looks up the names and e-mail addresses of token owners at Datadog, for `--list` only. They are never
// logged or exported as metrics.
#pragma once

#include "app/source.h"
#include "datadog/user.h"
#include "scan/clock.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace exporter::app {

/// Maximum number of requests per call of `look_up_owners`.
inline constexpr std::size_t most_owners_asked = 100;
/// After this many failures in a row, the other owners are not looked up.
inline constexpr int most_failed_lookups_in_a_row = 3;

struct OwnerOptions {
    /// For all look-ups together. A single exchange may use all of it.
    std::chrono::milliseconds time_budget = std::chrono::seconds(20);
    int reserve_percent = 0;          ///< share of the rate limit reserved for others, 0 to 90
    datadog::RateLimit last_known{};  ///< from the listing's last answer; empty: unknown
};

struct Owners {
    std::map<std::string, datadog::User, std::less<>> users;  ///< by id
    std::set<std::string, std::less<>> gone;                  ///< ids without a user (404)
    /// One sentence for people, without a full stop: why some names are missing; empty: none are missing.
    /// Words of the API are reduced to printable ASCII.
    std::string remark;
};

/// Looks up the owners one by one, each once, in the order given. Stops after an answer of 401, 403 or 429,
/// when only the reserve of the rate limit is left, after `most_failed_lookups_in_a_row`, or when the time is
/// up. Waits only for answers, never for the rate limit.
///
/// @param source after a successful `prepare`
/// @param ids the most important first; may contain empty strings and duplicates
[[nodiscard]] Owners look_up_owners(Source& source, std::span<const std::string_view> ids,
                                    const OwnerOptions& options, scan::Clock& clock);

}  // namespace exporter::app
