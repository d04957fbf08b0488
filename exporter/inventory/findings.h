// What may be wrong with a token: one table, worst first. Metrics, token detail, `--list`, the status page
// and the dashboards use its order and wording.
#pragma once

#include "base/dates.h"
#include "datadog/token.h"

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace exporter::inventory {

/// The thresholds of the findings: the options `policy.*`.
struct Policy {
    base::Duration max_lifetime = std::chrono::days(365);
    base::Duration max_idle = std::chrono::days(90);
    base::Duration expiry_notice = std::chrono::days(7);  ///< time to replace a token that is in use
    base::Duration active_within = std::chrono::days(7);  ///< a token used this recently is in use
    /// From creation to expiry: such a token is replaced by design, like a job's daily token.
    base::Duration short_lived = std::chrono::days(8);
};

/// The worst first. They overlap. All except `leaked` and `expired_still_listed` exclude expired tokens.
enum class Finding : std::uint8_t {
    leaked,
    never_expires_privileged,
    expiring_in_use,  ///< its users will lose access; requires a known last use
    unused_privileged,
    unscoped,  ///< may hold all of its owner's permissions
    never_expires,
    lifetime_over_policy,  ///< from creation to expiry; a token that never expires is `never_expires` instead
    unused,                ///< idle longer than the policy, or never used and older than it
    expired_still_listed,
};
inline constexpr std::size_t finding_count = 9;

enum class Severity : std::uint8_t {
    info,      ///< hygiene
    warning,   ///< somebody should look at it
    critical,  ///< somebody should do something now
};

/// A token and the facts needed to judge it.
struct Judged {
    const datadog::Token& token;
    bool privileged;  ///< whether it has a privileged scope
    base::Timestamp now;
    const Policy& policy;
};

struct FindingRow {
    Finding finding;
    std::string_view reason;  ///< the `reason` label, also accepted by `--list`
    Severity severity;
    /// Before and after the noun: `1 leaked token`, `2 tokens without scopes`.
    std::string_view before;
    std::string_view after;
    /// Predicate for several tokens; policy durations in braces.
    std::string_view sentence;
    bool (*applies)(const Judged& judged);
};

/// Every finding; the index of each is its enumerator's value.
[[nodiscard]] std::span<const FindingRow> findings();

[[nodiscard]] inline const FindingRow& row_of(Finding finding) {
    return findings()[static_cast<std::size_t>(finding)];
}

/// By index in the table.
using FindingSet = std::bitset<finding_count>;

[[nodiscard]] FindingSet findings_of(const Judged& judged);

/// The findings with these reasons; anything else is ignored.
[[nodiscard]] FindingSet findings_named(std::span<const std::string> reasons);

/// The first index that is set, which is the worst finding's; `finding_count`: none.
[[nodiscard]] std::size_t worst_of(const FindingSet& found);

/// `1 leaked token`, `12 tokens without scopes`.
[[nodiscard]] std::string count_text(const FindingRow& row, std::uint64_t tokens);

/// `have not been used for 90 days`, about tokens.
[[nodiscard]] std::string sentence(const FindingRow& row, const Policy& policy);

}  // namespace exporter::inventory
