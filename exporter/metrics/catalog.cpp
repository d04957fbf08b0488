#include "metrics/catalog.h"

#include <algorithm>
#include <cassert>

namespace exporter::metrics {

namespace {

using Type = prometheus::MetricType;

// Appended by the preprocessor so that every inventory family says it in the same words.
#define AS_OF_LAST_POLL " As of the last complete poll."

std::vector<FamilyDescription> inventory_families() {
    return {
        {"datadog_access_tokens",
         Type::Gauge,
         "Access tokens by the time left until they expire, each counted once." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type", "expiry_bucket"},
         true},
        {"datadog_access_token_scope_grants",
         Type::Gauge,
         "Pairs of token and scope: a token counts once for each of its distinct scopes. Scopes beyond the "
         "limit are "
         "folded into other." AS_OF_LAST_POLL,
         {"org", "scope", "token_type", "owner_type", "expiry_bucket"},
         true},
        {"datadog_access_tokens_unscoped",
         Type::Gauge,
         "Access tokens that list no scope." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type", "expiry_bucket"},
         true},
        {"datadog_access_tokens_privileged",
         Type::Gauge,
         "Access tokens with at least one privileged scope, each counted once." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type", "expiry_bucket"},
         true},
        {"datadog_access_tokens_by_last_use",
         Type::Gauge,
         "Access tokens by the time since their last use, each counted once." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type", "last_used_bucket"},
         true},
        {"datadog_access_tokens_by_age",
         Type::Gauge,
         "Access tokens by the time since their creation, each counted once." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type", "age_bucket"},
         true},
        {"datadog_access_tokens_at_risk",
         Type::Gauge,
         "Access tokens with a finding; findings overlap, so reasons must not be added up." AS_OF_LAST_POLL,
         {"org", "reason", "token_type", "owner_type"},
         true},
        {"datadog_access_tokens_leaked",
         Type::Gauge,
         "Access tokens that Datadog reports as leaked; absent where it says nothing about "
         "leaks." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type"},
         true},
        {"datadog_access_token_owners",
         Type::Gauge,
         "Distinct owners of access tokens." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type"},
         true},
        {"datadog_access_token_scopes",
         Type::Gauge,
         "Distinct scopes in use." AS_OF_LAST_POLL,
         {"org"},
         true},
        {"datadog_access_token_scopes_folded",
         Type::Gauge,
         "Distinct scopes that are counted together as other." AS_OF_LAST_POLL,
         {"org"},
         true},
        {"datadog_access_token_next_expiry_timestamp_seconds",
         Type::Gauge,
         "When the next access token expires, as a Unix time; absent when none will." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type"},
         true},
        {"datadog_access_token_oldest_creation_timestamp_seconds",
         Type::Gauge,
         "When the oldest access token was created, as a Unix time." AS_OF_LAST_POLL,
         {"org", "token_type", "owner_type"},
         true},
        {"datadog_access_tokens_created_total",
         Type::Counter,
         "Access tokens that turned up between complete listings." AS_OF_LAST_POLL,
         {"org", "token_type"},
         true},
        {"datadog_access_tokens_removed_total",
         Type::Counter,
         "Access tokens that went away between complete listings." AS_OF_LAST_POLL,
         {"org", "token_type"},
         true},
        {"datadog_access_tokens_scope_changes_total",
         Type::Counter,
         "Access tokens whose scopes changed between complete listings." AS_OF_LAST_POLL,
         {"org", "token_type"},
         true},
        {"datadog_access_token_credential_expiry_timestamp_seconds",
         Type::Gauge,
         "When the access token that the exporter itself uses expires, as a Unix time." AS_OF_LAST_POLL,
         {"org"},
         true},
    };
}

/// Per-token detail: the only families whose labels name a token or a person.
std::vector<FamilyDescription> detail_families() {
    const std::vector<std::string_view> labels = {"org",        "token_id",   "token_name",
                                                  "token_type", "owner_type", "owner_id"};
    return {
        {"datadog_access_token_expiry_timestamp_seconds", Type::Gauge,
         "When this access token expires, as a Unix time; absent when it never does." AS_OF_LAST_POLL, labels,
         true},
        {"datadog_access_token_last_used_timestamp_seconds", Type::Gauge,
         "When this access token was last used, as a Unix time; absent when no use is known." AS_OF_LAST_POLL,
         labels, true},
        {"datadog_access_token_created_timestamp_seconds", Type::Gauge,
         "When this access token was created, as a Unix time." AS_OF_LAST_POLL, labels, true},
    };
}

std::vector<FamilyDescription> poll_families() {
    return {
        {"datadog_access_token_poll_success",
         Type::Gauge,
         "Whether the last poll published a listing (1) or failed (0).",
         {"org"},
         false},
        {"datadog_access_token_listing_complete",
         Type::Gauge,
         "Whether the last published listing was proven whole (1) or contradicted itself to the end (0).",
         {"org"},
         false},
        {"datadog_access_token_listing_reported_tokens",
         Type::Gauge,
         "Access tokens in the last published listing by the API's own total; absent where it gave none.",
         {"org"},
         false},
        {"datadog_access_token_listing_duplicates",
         Type::Gauge,
         "Access tokens that the last published listing named again and that were counted once.",
         {"org"},
         false},
        {"datadog_access_token_listing_late_tokens_total",
         Type::Counter,
         "Access tokens that an earlier listing called complete had missed; not counted as "
         "created." AS_OF_LAST_POLL,
         {"org"},
         true},
        {"datadog_access_token_poll_last_success_timestamp_seconds",
         Type::Gauge,
         "When the last successful poll began, as a Unix time.",
         {"org"},
         false},
        {"datadog_access_token_poll_last_attempt_timestamp_seconds",
         Type::Gauge,
         "When the last finished poll began, as a Unix time.",
         {"org"},
         false},
        {"datadog_access_token_poll_duration_seconds",
         Type::Gauge,
         "How long the last poll took, retries and waits included.",
         {"org"},
         false},
        {"datadog_access_token_poll_pages",
         Type::Gauge,
         "Pages that the last poll read, those of repeated scans included.",
         {"org"},
         false},
        {"datadog_access_token_polls_total", Type::Counter, "Polls, failed ones included.", {"org"}, false},
        {"datadog_access_token_poll_failures_total",
         Type::Counter,
         "Polls that published nothing.",
         {"org", "reason"},
         false},
        {"datadog_access_token_unparsed_fields_total",
         Type::Counter,
         "Fields of the API's answers that were there and could not be read, or held a date that can't be "
         "right.",
         {"org", "field"},
         false},
    };
}

std::vector<FamilyDescription> api_families() {
    return {
        {"datadog_access_token_api_requests_total",
         Type::Counter,
         "Requests to the API by status code; error when no answer came.",
         {"org", "code"},
         false},
        {"datadog_access_token_api_request_duration_seconds",
         Type::Histogram,
         "How long requests to the API took.",
         {"org"},
         false},
        {"datadog_access_token_api_retries_total",
         Type::Counter,
         "Requests to the API that were made again.",
         {"org", "reason"},
         false},
        {"datadog_access_token_api_response_bytes_total",
         Type::Counter,
         "Bytes of the API's answers.",
         {"org"},
         false},
        {"datadog_access_token_api_rate_limit_limit",
         Type::Gauge,
         "Requests that the API's rate limit allows in a period, as last reported.",
         {"org"},
         false},
        {"datadog_access_token_api_rate_limit_remaining",
         Type::Gauge,
         "Requests that were left in the rate limit's period, as last reported.",
         {"org"},
         false},
        {"datadog_access_token_api_rate_limit_reset_timestamp_seconds",
         Type::Gauge,
         "When the rate limit's period ends, as a Unix time, as last reported.",
         {"org"},
         false},
        {"datadog_access_token_exporter_build_info",
         Type::Gauge,
         "The running exporter; the value is always 1.",
         {"version", "revision", "compiler"},
         false},
        {"datadog_access_token_exporter_log_lines_dropped_total",
         Type::Counter,
         "Log lines that were dropped because they were not read in time or could not be written.",
         {},
         false},
        {"datadog_access_token_exporter_config_last_reload_successful",
         Type::Gauge,
         "Whether the file could be used when it was last read (1), or the one before stays in use (0).",
         {"file"},
         false},
        {"datadog_access_token_exporter_config_last_reload_success_timestamp_seconds",
         Type::Gauge,
         "When the file that is in use was read, as a Unix time.",
         {"file"},
         false},
    };
}

#undef AS_OF_LAST_POLL

std::vector<FamilyDescription> in_publishing_order() {
    std::vector<FamilyDescription> all;
    for (auto&& part : {inventory_families(), detail_families(), poll_families(), api_families()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace

std::span<const FamilyDescription> catalog() {
    static const std::vector<FamilyDescription> families = in_publishing_order();
    return families;
}

const FamilyDescription& describe(std::string_view name) {
    const std::span<const FamilyDescription> families = catalog();
    const auto row = std::find_if(families.begin(), families.end(),
                                  [name](const FamilyDescription& family) { return family.name == name; });
    assert(row != families.end());
    return *row;
}

}  // namespace exporter::metrics
