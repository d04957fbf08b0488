// Whose tokens they are: asks Datadog for the owners' names and e-mail addresses, for `--list` alone. They go
// into no metric and no log.
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

/// Requests that one call of `look_up_owners` makes at most, whatever the answers.
inline constexpr std::size_t most_owners_asked = 100;
/// After so many failures in a row the rest is not asked.
inline constexpr int most_failed_lookups_in_a_row = 3;

struct OwnerOptions {
    /// For all look-ups together. One exchange may take all of it.
    std::chrono::milliseconds time_budget = std::chrono::seconds(20);
    int reserve_percent = 0;          ///< share of the rate limit that is left to others, 0 to 90
    datadog::RateLimit last_known{};  ///< what the listing's last answer said; nothing known: empty
};

struct Owners {
    std::map<std::string, datadog::User, std::less<>> users;  ///< by id
    std::set<std::string, std::less<>> gone;                  ///< ids that no user has (404)
    /// One sentence for people, without a full stop, why some have no name; empty: all are known. With words
    /// of the API as printable ASCII.
    std::string remark;
};

/// Asks for one owner after another, each once, in the order given. Ends early where the answer is 401, 403
/// or 429, where only the reserve of the rate limit is left, after `most_failed_lookups_in_a_row`, and when
/// the time is over. Waits for nothing but answers.
///
/// @param source after a `prepare` that succeeded
/// @param ids in the order in which they matter; may be empty texts and repeat
[[nodiscard]] Owners look_up_owners(Source& source, std::span<const std::string_view> ids,
                                    const OwnerOptions& options, scan::Clock& clock);

}  // namespace exporter::app
