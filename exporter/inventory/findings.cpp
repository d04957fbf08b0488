#include "inventory/findings.h"

#include "base/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace exporter::inventory {

namespace {

using base::Timestamp;
using datadog::Token;

bool has_expired(const Judged& judged) {
    const auto& expires = judged.token.expires_at.moment();
    return expires && *expires <= judged.now;
}

bool never_expires(const Judged& judged) {
    return judged.token.expires_at.is_none();
}

bool never_expires_privileged(const Judged& judged) {
    return judged.privileged && never_expires(judged);
}

/// Whether the token's lifetime is longer; false if unknown.
bool lives_longer_than(const Judged& judged, base::Duration lifetime) {
    const auto& created = judged.token.created_at.moment();
    const auto& expires = judged.token.expires_at.moment();
    return created && expires && *expires - *created > lifetime;
}

bool expiring_in_use(const Judged& judged) {
    const auto& expires = judged.token.expires_at.moment();
    const auto& used = judged.token.last_used_at.moment();
    return expires && *expires > judged.now && *expires - judged.now <= judged.policy.expiry_notice && used &&
           judged.now - *used <= judged.policy.active_within &&
           lives_longer_than(judged, judged.policy.short_lived);
}

/// An unused token is only suspicious if it is old enough.
bool unused(const Judged& judged) {
    const Token& token = judged.token;
    const datadog::Date& idle_since = token.last_used_at.is_none() ? token.created_at : token.last_used_at;
    return !has_expired(judged) && idle_since.moment() &&
           judged.now - *idle_since.moment() > judged.policy.max_idle;
}

bool unused_privileged(const Judged& judged) {
    return judged.privileged && unused(judged);
}

bool unscoped(const Judged& judged) {
    return judged.token.scopes.empty() && judged.token.scopes_readable && !has_expired(judged);
}

bool lifetime_over_policy(const Judged& judged) {
    return !has_expired(judged) && lives_longer_than(judged, judged.policy.max_lifetime);
}

bool leaked(const Judged& judged) {
    return judged.token.leak == datadog::Leak::leaked;
}

constexpr auto table = std::to_array<FindingRow>({
    {Finding::leaked, "leaked", Severity::critical, "leaked", "", "are reported as leaked", leaked},
    {Finding::never_expires_privileged, "never_expires_privileged", Severity::warning, "privileged",
     "without expiry", "never expire and have a privileged scope", never_expires_privileged},
    {Finding::expiring_in_use, "expiring_in_use", Severity::warning, "", "in use and about to expire",
     "are in use and expire within {expiry_notice}", expiring_in_use},
    {Finding::unused_privileged, "unused_privileged", Severity::warning, "unused privileged", "",
     "have not been used for {max_idle} and have a privileged scope", unused_privileged},
    {Finding::unscoped, "unscoped", Severity::warning, "", "without scopes",
     "list no scope, so they may hold all of their owners' permissions", unscoped},
    {Finding::never_expires, "never_expires", Severity::info, "", "without expiry", "never expire",
     never_expires},
    {Finding::lifetime_over_policy, "lifetime_over_policy", Severity::info, "long-lived", "",
     "have a lifetime of more than {max_lifetime}", lifetime_over_policy},
    {Finding::unused, "unused", Severity::info, "unused", "", "have not been used for {max_idle}", unused},
    {Finding::expired_still_listed, "expired_still_listed", Severity::info, "expired", "still listed",
     "have expired and are still listed", has_expired},
});
static_assert(table.size() == finding_count && std::ranges::is_sorted(table, {}, &FindingRow::finding));

}  // namespace

std::span<const FindingRow> findings() {
    return table;
}

FindingSet findings_of(const Judged& judged) {
    FindingSet found;
    for (std::size_t place = 0; place < finding_count; ++place) {
        found.set(place, table[place].applies(judged));
    }
    return found;
}

FindingSet findings_named(std::span<const std::string> reasons) {
    FindingSet named;
    for (std::size_t place = 0; place < finding_count; ++place) {
        named.set(place, std::ranges::find(reasons, table[place].reason) != reasons.end());
    }
    return named;
}

std::size_t worst_of(const FindingSet& found) {
    std::size_t place = 0;
    while (place < finding_count && !found.test(place)) {
        ++place;
    }
    return place;
}

std::string count_text(const FindingRow& row, std::uint64_t tokens) {
    return fmt::format("{}{}{}{}{}{}", base::number_text(tokens), row.before.empty() ? "" : " ", row.before,
                       tokens == 1 ? " token" : " tokens", row.after.empty() ? "" : " ", row.after);
}

std::string sentence(const FindingRow& row, const Policy& policy) {
    return fmt::format(fmt::runtime(row.sentence),
                       fmt::arg("max_lifetime", base::length_text(policy.max_lifetime)),
                       fmt::arg("max_idle", base::length_text(policy.max_idle)),
                       fmt::arg("expiry_notice", base::length_text(policy.expiry_notice)));
}

}  // namespace exporter::inventory
