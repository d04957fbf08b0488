#include "metrics/catalog.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::ByBucket;
using inventory::ByOwner;
using inventory::Churn;
using inventory::Count;
using inventory::Inventory;
using inventory::Risk;
using inventory::TokenDetail;
using inventory::type_pairs;
using scan::Listing;
using scan::Statistics;
using Type = prometheus::MetricType;

/// Known values are published even as zero, so that a query has an answer; the odd ones only where there are
/// any.
constexpr bool is_zero_filled(TokenType token) {
    return token != TokenType::other;
}
constexpr bool is_zero_filled(TokenType token, OwnerType owner) {
    return is_zero_filled(token) && (owner == OwnerType::user || owner == OwnerType::service_account);
}

void add_count(FamilyBuilder& family, std::initializer_list<std::string_view> labels, Count count,
               bool zero_filled) {
    if (count != 0 || zero_filled) {
        family.add(labels, count);
    }
}

// Below, the functions that fill the rows. What a template is given is the member that holds the value.

template <auto member>
void of_inventory(const Inventory& inventory, FamilyBuilder& family) {
    family.add({}, inventory.*member);
}

template <auto counts, auto buckets>
void by_bucket(const Inventory& inventory, FamilyBuilder& family) {
    const std::vector<std::string>& names = inventory.*buckets;
    family.reserve(inventory::type_pair_count * names.size());
    for (const auto& [token, owner] : type_pairs) {
        const std::vector<Count>& of_pair = (inventory.*counts).at(token, owner);
        for (std::size_t bucket = 0; bucket < names.size(); ++bucket) {
            const Count count = bucket < of_pair.size() ? of_pair[bucket] : 0;
            add_count(family, {label(token), label(owner), names[bucket]}, count,
                      is_zero_filled(token, owner));
        }
    }
}

/// Calls `visit` for each count of a scope's grants that is not zero.
template <class Visit>
void for_each_grant(const Inventory& inventory, const Visit& visit) {
    for (const inventory::ScopeGrants& scope : inventory.scope_grants) {
        for (const auto& [token, owner] : type_pairs) {
            const std::vector<Count>& of_pair = scope.grants.at(token, owner);
            for (std::size_t bucket = 0; bucket < of_pair.size(); ++bucket) {
                if (of_pair[bucket] != 0) {
                    visit(scope.scope, token, owner, inventory.expiry_buckets[bucket], of_pair[bucket]);
                }
            }
        }
    }
}

void scope_grants(const Inventory& inventory, FamilyBuilder& family) {
    std::size_t series = 0;  // by far the largest family: counted first, so that it is allocated once
    for_each_grant(inventory, [&](auto&&...) { ++series; });
    family.reserve(series);
    for_each_grant(inventory,
                   [&](const std::string& scope, TokenType token, OwnerType owner, const std::string& bucket,
                       Count count) { family.add({scope, label(token), label(owner), bucket}, count); });
}

void at_risk(const Inventory& inventory, FamilyBuilder& family) {
    for (std::size_t i = 0; i < inventory::risk_count; ++i) {
        const auto risk = static_cast<Risk>(i);
        if (risk == Risk::leaked && !inventory.leaks_reported) {
            continue;  // unknown is not zero
        }
        for (const auto& [token, owner] : type_pairs) {
            add_count(family, {label(risk), label(token), label(owner)},
                      inventory.at_risk[i].at(token, owner), is_zero_filled(token, owner));
        }
    }
}

void by_owner(const ByOwner<Count>& counts, FamilyBuilder& family) {
    for (const auto& [token, owner] : type_pairs) {
        add_count(family, {label(token), label(owner)}, counts.at(token, owner),
                  is_zero_filled(token, owner));
    }
}

void leaked(const Inventory& inventory, FamilyBuilder& family) {
    if (inventory.leaks_reported) {
        by_owner(inventory.at_risk[static_cast<std::size_t>(Risk::leaked)], family);
    }
}

void owners(const Inventory& inventory, FamilyBuilder& family) {
    by_owner(inventory.owners, family);
}

template <auto moments>
void moments_by_owner(const Inventory& inventory, FamilyBuilder& family) {
    for (const auto& [token, owner] : type_pairs) {
        family.add({label(token), label(owner)}, (inventory.*moments).at(token, owner));
    }
}

template <auto counts>
void churn(const Inventory& inventory, FamilyBuilder& family) {
    for (const TokenType token : datadog::token_types) {
        const Count count = (inventory.churn.*counts)[static_cast<std::size_t>(token)];
        add_count(family, {label(token)}, count, is_zero_filled(token));
    }
}

void late_tokens(const Inventory& inventory, FamilyBuilder& family) {
    family.add({}, inventory.churn.late);
}

/// One series for each token that has the date `moment`.
template <auto moment>
void detail(const Inventory& inventory, FamilyBuilder& family) {
    family.reserve(inventory.details.size());
    for (const TokenDetail& token : inventory.details) {
        family.add({token.id, token.name, label(token.type), label(token.owner_type), token.owner_id},
                   token.*moment);
    }
}

template <auto member>
void of_polls(const Statistics& polls, FamilyBuilder& family) {
    family.add({}, polls.*member);
}

/// Nothing before the first poll has ended.
template <auto member>
void of_last_poll(const Statistics& polls, FamilyBuilder& family) {
    if (polls.last_attempt) {
        family.add({}, polls.*member);
    }
}

/// Nothing before a listing was published.
template <auto member>
void of_listing(const Statistics& polls, FamilyBuilder& family) {
    if (polls.listing) {
        family.add({}, (*polls.listing).*member);
    }
}

/// One series for each value of the enumeration `Kind`.
template <class Kind, auto counts>
void by_kind(const Statistics& polls, FamilyBuilder& family) {
    std::size_t kind = 0;
    for (const std::uint64_t count : polls.*counts) {
        family.add({label(static_cast<Kind>(kind++))}, count);
    }
}

void requests(const Statistics& polls, FamilyBuilder& family) {
    for (const auto& [status, count] : polls.requests) {
        family.add({status == 0 ? "error" : std::to_string(status)}, count);
    }
}

void request_durations(const Statistics& polls, FamilyBuilder& family) {
    const scan::RequestDurations& durations = polls.request_durations;
    prometheus::ClientMetric::Histogram histogram;
    histogram.bucket.reserve(durations.counts.size());
    for (std::size_t i = 0; i < durations.counts.size(); ++i) {
        histogram.sample_count += durations.counts[i];
        const bool is_last = i == scan::request_duration_bounds.size();
        histogram.bucket.push_back({histogram.sample_count, is_last ? std::numeric_limits<double>::infinity()
                                                                    : scan::request_duration_bounds[i]});
    }
    histogram.sample_sum = durations.sum_seconds;
    family.add({}, histogram);
}

void build_info(const ExporterStatus& exporter, FamilyBuilder& family) {
    family.add({exporter.version, exporter.revision, exporter.compiler}, 1);
}

void log_lines_dropped(const ExporterStatus& exporter, FamilyBuilder& family) {
    family.add({}, exporter.log_lines_dropped);
}

template <auto member>
void by_file(const ExporterStatus& exporter, FamilyBuilder& family) {
    for (const auto& [file, reload] : exporter.reloads) {
        family.add({file}, reload.*member);
    }
}

template <auto member>
void of_process(const ExporterStatus& exporter, FamilyBuilder& family) {
    family.add({}, exporter.process.*member);
}

constexpr Metric table[] = {
    // Counted from the last listing.
    {"datadog_access_tokens",
     Type::Gauge,
     "Access tokens by the time left until they expire, each counted once.",
     by_bucket<&Inventory::by_expiry, &Inventory::expiry_buckets>,
     {"token_type", "owner_type", "expiry_bucket"}},
    {"datadog_access_token_scope_grants",
     Type::Gauge,
     "Pairs of token and scope: a token counts once for each of its distinct scopes. Scopes beyond the limit "
     "are folded into other.",
     scope_grants,
     {"scope", "token_type", "owner_type", "expiry_bucket"}},
    {"datadog_access_tokens_unscoped",
     Type::Gauge,
     "Access tokens that list no scope.",
     by_bucket<&Inventory::unscoped, &Inventory::expiry_buckets>,
     {"token_type", "owner_type", "expiry_bucket"}},
    {"datadog_access_tokens_privileged",
     Type::Gauge,
     "Access tokens with at least one privileged scope, each counted once.",
     by_bucket<&Inventory::privileged, &Inventory::expiry_buckets>,
     {"token_type", "owner_type", "expiry_bucket"}},
    {"datadog_access_tokens_by_last_use",
     Type::Gauge,
     "Access tokens by the time since their last use, each counted once.",
     by_bucket<&Inventory::by_last_use, &Inventory::last_used_buckets>,
     {"token_type", "owner_type", "last_used_bucket"}},
    {"datadog_access_tokens_by_age",
     Type::Gauge,
     "Access tokens by the time since their creation, each counted once.",
     by_bucket<&Inventory::by_age, &Inventory::age_buckets>,
     {"token_type", "owner_type", "age_bucket"}},
    {"datadog_access_tokens_at_risk",
     Type::Gauge,
     "Access tokens with a finding; findings overlap, so reasons must not be added up.",
     at_risk,
     {"reason", "token_type", "owner_type"}},
    {"datadog_access_tokens_leaked",
     Type::Gauge,
     "Access tokens that Datadog reports as leaked; absent where it says nothing about leaks.",
     leaked,
     {"token_type", "owner_type"}},
    {"datadog_access_token_owners",
     Type::Gauge,
     "Distinct owners of access tokens.",
     owners,
     {"token_type", "owner_type"}},
    {"datadog_access_token_scopes", Type::Gauge, "Distinct scopes in use.",
     of_inventory<&Inventory::distinct_scopes>},
    {"datadog_access_token_scopes_folded", Type::Gauge, "Distinct scopes that are counted together as other.",
     of_inventory<&Inventory::folded_scopes>},
    {"datadog_access_token_next_expiry_timestamp_seconds",
     Type::Gauge,
     "When the next access token expires, as a Unix time; absent when none will.",
     moments_by_owner<&Inventory::next_expiry>,
     {"token_type", "owner_type"}},
    {"datadog_access_token_oldest_creation_timestamp_seconds",
     Type::Gauge,
     "When the oldest access token was created, as a Unix time.",
     moments_by_owner<&Inventory::oldest_creation>,
     {"token_type", "owner_type"}},
    {"datadog_access_tokens_created_total",
     Type::Counter,
     "Access tokens that turned up between complete listings.",
     churn<&Churn::created>,
     {"token_type"}},
    {"datadog_access_tokens_removed_total",
     Type::Counter,
     "Access tokens that went away between complete listings.",
     churn<&Churn::removed>,
     {"token_type"}},
    {"datadog_access_tokens_scope_changes_total",
     Type::Counter,
     "Access tokens whose scopes changed between complete listings.",
     churn<&Churn::scope_changes>,
     {"token_type"}},
    {"datadog_access_token_credential_expiry_timestamp_seconds", Type::Gauge,
     "When the access token that the exporter itself uses expires, as a Unix time.",
     of_inventory<&Inventory::credential_expiry>},

    // One series for each token: only these have labels that name a token or a person.
    {"datadog_access_token_expiry_timestamp_seconds",
     Type::Gauge,
     "When this access token expires, as a Unix time; absent when it never does.",
     detail<&TokenDetail::expires_at>,
     {"token_id", "token_name", "token_type", "owner_type", "owner_id"}},
    {"datadog_access_token_last_used_timestamp_seconds",
     Type::Gauge,
     "When this access token was last used, as a Unix time; absent when no use is known.",
     detail<&TokenDetail::last_used_at>,
     {"token_id", "token_name", "token_type", "owner_type", "owner_id"}},
    {"datadog_access_token_created_timestamp_seconds",
     Type::Gauge,
     "When this access token was created, as a Unix time.",
     detail<&TokenDetail::created_at>,
     {"token_id", "token_name", "token_type", "owner_type", "owner_id"}},

    // Polls and the listings they published.
    {"datadog_access_token_poll_success", Type::Gauge,
     "Whether the last poll published a listing (1) or failed (0).",
     of_last_poll<&Statistics::last_poll_succeeded>},
    {"datadog_access_token_listing_complete", Type::Gauge,
     "Whether the last published listing was proven whole (1) or contradicted itself to the end (0).",
     of_listing<&Listing::complete>},
    {"datadog_access_token_listing_reported_tokens", Type::Gauge,
     "Access tokens in the last published listing by the API's own total; absent where it gave none.",
     of_listing<&Listing::reported_tokens>},
    {"datadog_access_token_listing_duplicates", Type::Gauge,
     "Access tokens that the last published listing named again and that were counted once.",
     of_listing<&Listing::duplicates>},
    {"datadog_access_token_listing_late_tokens_total", Type::Counter,
     "Access tokens that an earlier listing called complete had missed; not counted as created.",
     late_tokens},
    {"datadog_access_token_poll_last_success_timestamp_seconds", Type::Gauge,
     "When the last successful poll began, as a Unix time.", of_polls<&Statistics::last_success>},
    {"datadog_access_token_poll_last_attempt_timestamp_seconds", Type::Gauge,
     "When the last finished poll began, as a Unix time.", of_polls<&Statistics::last_attempt>},
    {"datadog_access_token_poll_duration_seconds", Type::Gauge,
     "How long the last poll took, retries and waits included.", of_last_poll<&Statistics::last_duration>},
    {"datadog_access_token_poll_pages", Type::Gauge,
     "Pages that the last poll read, those of repeated scans included.",
     of_last_poll<&Statistics::last_pages>},
    {"datadog_access_token_polls_total", Type::Counter, "Polls, failed ones included.",
     of_polls<&Statistics::polls>},
    {"datadog_access_token_poll_failures_total",
     Type::Counter,
     "Polls that published nothing.",
     by_kind<datadog::ErrorKind, &Statistics::failures>,
     {"reason"}},
    {"datadog_access_token_unparsed_fields_total",
     Type::Counter,
     "Fields of the API's answers that were there and could not be read, or held a date that can't be right.",
     by_kind<datadog::Field, &Statistics::unparsed>,
     {"field"}},

    // Requests to the API.
    {"datadog_access_token_api_requests_total",
     Type::Counter,
     "Requests to the API by status code; error when no answer came.",
     requests,
     {"code"}},
    {"datadog_access_token_api_request_duration_seconds", Type::Histogram,
     "How long requests to the API took.", request_durations},
    {"datadog_access_token_api_retries_total",
     Type::Counter,
     "Requests to the API that were made again.",
     by_kind<scan::RetryReason, &Statistics::retries>,
     {"reason"}},
    {"datadog_access_token_api_response_bytes_total", Type::Counter, "Bytes of the API's answers.",
     of_polls<&Statistics::response_bytes>},
    {"datadog_access_token_api_rate_limit_limit", Type::Gauge,
     "Requests that the API's rate limit allows in a period, as last reported.",
     of_polls<&Statistics::rate_limit>},
    {"datadog_access_token_api_rate_limit_remaining", Type::Gauge,
     "Requests that were left in the rate limit's period, as last reported.",
     of_polls<&Statistics::rate_limit_remaining>},
    {"datadog_access_token_api_rate_limit_reset_timestamp_seconds", Type::Gauge,
     "When the rate limit's period ends, as a Unix time, as last reported.",
     of_polls<&Statistics::rate_limit_reset>},

    // The exporter itself.
    {"datadog_access_token_exporter_build_info",
     Type::Gauge,
     "The running exporter; the value is always 1.",
     build_info,
     {"version", "revision", "compiler"}},
    {"datadog_access_token_exporter_log_lines_dropped_total", Type::Counter,
     "Log lines that were dropped because they were not read in time or could not be written.",
     log_lines_dropped},
    {"datadog_access_token_exporter_config_last_reload_successful",
     Type::Gauge,
     "Whether the file could be used when it was last read (1), or the one before stays in use (0).",
     by_file<&Reload::was_successful>,
     {"file"}},
    {"datadog_access_token_exporter_config_last_reload_success_timestamp_seconds",
     Type::Gauge,
     "When the file that is in use was read, as a Unix time.",
     by_file<&Reload::last_success>,
     {"file"}},
    {"process_cpu_seconds_total", Type::Counter, "User and system CPU time spent, in seconds.",
     of_process<&Process::cpu_time>},
    {"process_open_fds", Type::Gauge, "Open file descriptors.", of_process<&Process::open_fds>},
    {"process_max_fds", Type::Gauge, "How many file descriptors may be open at once.",
     of_process<&Process::max_fds>},
    {"process_virtual_memory_bytes", Type::Gauge, "Size of virtual memory, in bytes.",
     of_process<&Process::virtual_bytes>},
    {"process_resident_memory_bytes", Type::Gauge, "Size of resident memory, in bytes.",
     of_process<&Process::resident_bytes>},
    {"process_start_time_seconds", Type::Gauge, "When the process started, as a Unix time.",
     of_process<&Process::started>},
};

}  // namespace

std::span<const Metric> catalog() {
    return table;
}

}  // namespace exporter::metrics
