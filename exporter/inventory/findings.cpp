#include "inventory/builder.h"
#include "inventory/inventory.h"

#include <algorithm>

namespace exporter::inventory {

namespace {

using datadog::Date;

bool has_expired(const JudgedToken& judged) {
    const auto& expires = judged.token.expires_at.moment();
    return expires && *expires <= judged.now;
}

bool never_expires(const JudgedToken& judged) {
    return judged.token.expires_at.is_none();
}

bool is_unused(const JudgedToken& judged) {
    // Never used is only suspicious of a token that had the time to be used.
    const Date& last_used = judged.token.last_used_at;
    const Date& since = last_used.is_none() ? judged.token.created_at : last_used;
    return !has_expired(judged) && since.moment() && judged.now - *since.moment() > judged.rules.max_idle;
}

bool lives_too_long(const JudgedToken& judged) {
    const auto& created = judged.token.created_at.moment();
    const auto& expires = judged.token.expires_at.moment();
    return !has_expired(judged) && created && expires && *expires - *created > judged.rules.max_lifetime;
}

bool is_leaked(const JudgedToken& judged) {
    return judged.token.leak == datadog::Leak::leaked;
}

template <bool (*applies)(const JudgedToken&)>
bool privileged_and(const JudgedToken& judged) {
    return judged.privileged && applies(judged);
}

}  // namespace

const std::array<Finding, risk_count> findings = {{
    {Risk::leaked, "leaked", is_leaked},
    {Risk::never_expires_privileged, "never_expires_privileged", privileged_and<never_expires>},
    {Risk::unused_privileged, "unused_privileged", privileged_and<is_unused>},
    {Risk::never_expires, "never_expires", never_expires},
    {Risk::lifetime_over_policy, "lifetime_over_policy", lives_too_long},
    {Risk::unused, "unused", is_unused},
    {Risk::expired_still_listed, "expired_still_listed", has_expired},
}};

std::string_view label(Risk risk) {
    return std::find_if(findings.begin(), findings.end(),
                        [risk](const Finding& finding) { return finding.risk == risk; })
        ->name;
}

}  // namespace exporter::inventory
