#include "metrics/catalog.h"

#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace exporter::metrics {
namespace {

using datadog::TokenType;
using inventory::ByBucket;
using inventory::Churn;
using inventory::Count;
using inventory::Finding;
using inventory::Inventory;
using inventory::Shown;
using inventory::TokenDetail;
using inventory::type_pairs;
using scan::Listing;
using scan::Statistics;
using Type = prometheus::MetricType;

// The functions that fill the rows. Template arguments are the members that contain the values.

template <class Source, class Value>
Source source_of(Value Source::* member);

/// Adds one series; with two members, the second one is a member of the first.
template <auto member, auto... inner>
void value_of(const decltype(source_of(member))& source, FamilyBuilder& family) {
    if constexpr (sizeof...(inner) == 0) {
        family.add({}, source.*member);
    } else {
        value_of<inner...>(source.*member, family);
    }
}

template <auto counts, auto shown, auto buckets>
void by_bucket(const Inventory& inventory, FamilyBuilder& family) {
    const std::vector<std::string>& names = inventory.*buckets;
    family.reserve(inventory::type_pair_count * names.size());
    for (const auto& [token, owner] : type_pairs) {
        const std::vector<Count>& of_pair = (inventory.*counts).at(token, owner);
        const inventory::Cells& cells = (inventory.shown.*shown).at(token, owner);
        for (std::size_t bucket = 0; bucket < names.size(); ++bucket) {
            if (cells.test(bucket)) {
                family.add({label(token), label(owner), names[bucket]}, of_pair[bucket]);
            }
        }
    }
}

void scope_grants(const Inventory& inventory, FamilyBuilder& family) {
    std::size_t series = 0;  // by far the largest family: counted first, so that it is allocated only once
    for (const inventory::ScopeGrants& scope : inventory.scope_grants) {
        for (const std::vector<Count>& counts : scope.grants) {
            series += counts.size() - static_cast<std::size_t>(std::ranges::count(counts, Count{0}));
        }
    }
    family.reserve(series);
    for (const inventory::ScopeGrants& scope : inventory.scope_grants) {
        for (const auto& [token, owner] : type_pairs) {
            const std::vector<Count>& of_pair = scope.grants.at(token, owner);
            for (std::size_t bucket = 0; bucket < of_pair.size(); ++bucket) {
                if (of_pair[bucket] > 0) {
                    family.add({scope.scope, label(token), label(owner), inventory.expiry_buckets[bucket]},
                               of_pair[bucket]);
                }
            }
        }
    }
}

void at_risk(const Inventory& inventory, FamilyBuilder& family) {
    for (const inventory::FindingRow& row : inventory::findings()) {
        if (row.finding == Finding::leaked && !inventory.leaks_reported) {
            continue;  // unknown is not zero
        }
        const auto place = static_cast<std::size_t>(row.finding);
        for (const auto& [token, owner] : type_pairs) {
            if (inventory.shown.at_risk.at(token, owner).test(place)) {
                family.add({row.reason, label(token), label(owner)},
                           inventory.at_risk[place].at(token, owner));
            }
        }
    }
}

void leaked(const Inventory& inventory, FamilyBuilder& family) {
    const auto place = static_cast<std::size_t>(Finding::leaked);
    for (const auto& [token, owner] : type_pairs) {
        if (inventory.leaks_reported && inventory.shown.at_risk.at(token, owner).test(place)) {
            family.add({label(token), label(owner)}, inventory.at_risk[place].at(token, owner));
        }
    }
}

void owners(const Inventory& inventory, FamilyBuilder& family) {
    for (const auto& [token, owner] : type_pairs) {
        if (inventory.shown.by_expiry.at(token, owner).any()) {
            family.add({label(token), label(owner)}, inventory.owners.at(token, owner));
        }
    }
}

/// Adds one series for each pair of types that has the date.
template <auto moments>
void by_owner(const Inventory& inventory, FamilyBuilder& family) {
    for (const auto& [token, owner] : type_pairs) {
        family.add({label(token), label(owner)}, (inventory.*moments).at(token, owner));
    }
}

template <auto counts>
void churn(const Inventory& inventory, FamilyBuilder& family) {
    for (const TokenType token : datadog::token_types) {
        const Count count = (inventory.churn.*counts)[static_cast<std::size_t>(token)];
        if (token != TokenType::other || count > 0) {
            family.add({label(token)}, count);
        }
    }
}

/// Adds one series for each token that has the date `moment`.
template <auto moment>
void detail(const Inventory& inventory, FamilyBuilder& family) {
    family.reserve(inventory.details.size());
    for (const TokenDetail& token : inventory.details) {
        family.add({token.id, token.name, label(token.type), label(token.owner_type), token.owner_id},
                   token.*moment);
    }
}

/// Adds one series for each finding of each token.
void detail_findings(const Inventory& inventory, FamilyBuilder& family) {
    for (const TokenDetail& token : inventory.details) {
        for (const inventory::FindingRow& row : inventory::findings()) {
            if (token.findings.test(static_cast<std::size_t>(row.finding))) {
                family.add({row.reason, token.id, token.name, label(token.type), label(token.owner_type),
                            token.owner_id},
                           1);
            }
        }
    }
}

/// Adds no series before the first poll has ended.
template <auto member>
void of_last_poll(const Statistics& polls, FamilyBuilder& family) {
    if (polls.last_attempt) {
        value_of<member>(polls, family);
    }
}

/// Adds no series before a listing has been published.
template <auto member>
void of_listing(const Statistics& polls, FamilyBuilder& family) {
    if (polls.listing) {
        value_of<member>(*polls.listing, family);
    }
}

/// Adds one series for each value of the enumeration `Kind`.
template <class Kind, auto counts>
void by_kind(const Statistics& polls, FamilyBuilder& family) {
    constexpr std::size_t kinds = std::tuple_size_v<std::remove_cvref_t<decltype(polls.*counts)>>;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        family.add({label(static_cast<Kind>(kind))}, (polls.*counts)[kind]);
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

template <auto member>
void by_file(const ExporterStatus& exporter, FamilyBuilder& family) {
    for (const auto& [file, reload] : exporter.reloads) {
        family.add({file}, reload.*member);
    }
}

constexpr LabelNames token_type_label = {"token_type"};
constexpr LabelNames type_labels = {"token_type", "owner_type"};
constexpr LabelNames expiry_labels = {"token_type", "owner_type", "expiry_bucket"};
constexpr LabelNames last_use_labels = {"token_type", "owner_type", "last_used_bucket"};
constexpr LabelNames age_labels = {"token_type", "owner_type", "age_bucket"};
constexpr LabelNames scope_labels = {"scope", "token_type", "owner_type", "expiry_bucket"};
constexpr LabelNames risk_labels = {"reason", "token_type", "owner_type"};
// Only these identify a token or a person.
constexpr LabelNames token_labels = {"token_id", "token_name", "token_type", "owner_type", "owner_id"};
constexpr LabelNames token_finding_labels = {"reason",     "token_id",   "token_name",
                                             "token_type", "owner_type", "owner_id"};
constexpr LabelNames reason_label = {"reason"};
constexpr LabelNames file_label = {"file"};

constexpr Metric table[] = {
    // Counted from the last listing.
    {"datadog_access_tokens", Type::Gauge,
     "Access tokens by time left until expiry; each token is counted once.",
     by_bucket<&Inventory::by_expiry, &Shown::by_expiry, &Inventory::expiry_buckets>, expiry_labels},
    {"datadog_access_token_scope_grants", Type::Gauge,
     "Pairs of token and scope: a token counts once for each of its distinct scopes. Scopes beyond the limit "
     "are folded into scope other.",
     scope_grants, scope_labels},
    {"datadog_access_tokens_unscoped", Type::Gauge, "Access tokens that list no scope.",
     by_bucket<&Inventory::unscoped, &Shown::unscoped, &Inventory::expiry_buckets>, expiry_labels},
    {"datadog_access_tokens_privileged", Type::Gauge,
     "Access tokens with at least one privileged scope, each counted once.",
     by_bucket<&Inventory::privileged, &Shown::privileged, &Inventory::expiry_buckets>, expiry_labels},
    {"datadog_access_tokens_by_last_use", Type::Gauge,
     "Access tokens by time since last use; each token is counted once.",
     by_bucket<&Inventory::by_last_use, &Shown::by_last_use, &Inventory::last_used_buckets>, last_use_labels},
    {"datadog_access_tokens_by_age", Type::Gauge,
     "Access tokens by time since creation; each token is counted once.",
     by_bucket<&Inventory::by_age, &Shown::by_age, &Inventory::age_buckets>, age_labels},
    {"datadog_access_tokens_at_risk", Type::Gauge,
     "Access tokens by finding, worst first; a token can have several findings, so don't add up the reasons.",
     at_risk, risk_labels},
    {"datadog_access_tokens_leaked", Type::Gauge,
     "Access tokens that Datadog reports as leaked; absent if Datadog does not report leaks.", leaked,
     type_labels},
    {"datadog_access_token_owners", Type::Gauge, "Distinct owners of access tokens.", owners, type_labels},
    {"datadog_access_token_distinct_scopes", Type::Gauge, "Distinct scopes in use.",
     value_of<&Inventory::distinct_scopes>},
    {"datadog_access_token_scopes_folded", Type::Gauge, "Distinct scopes that are folded into other.",
     value_of<&Inventory::folded_scopes>},
    {"datadog_access_token_next_expiry_timestamp_seconds", Type::Gauge,
     "When the next access token expires, as a Unix time; absent if none will.",
     by_owner<&Inventory::next_expiry>, type_labels},
    {"datadog_access_token_next_expiry_in_use_timestamp_seconds", Type::Gauge,
     "When the next access token with the finding expiring_in_use expires, as a Unix time; absent if none "
     "has it.",
     by_owner<&Inventory::next_expiry_in_use>, type_labels},
    {"datadog_access_token_oldest_creation_timestamp_seconds", Type::Gauge,
     "When the oldest access token was created, as a Unix time.", by_owner<&Inventory::oldest_creation>,
     type_labels},
    {"datadog_access_tokens_created_total", Type::Counter,
     "Access tokens that appeared between complete listings.", churn<&Churn::created>, token_type_label},
    {"datadog_access_tokens_removed_total", Type::Counter,
     "Access tokens that disappeared between complete listings.", churn<&Churn::removed>, token_type_label},
    {"datadog_access_tokens_scope_changes_total", Type::Counter,
     "Access tokens whose scopes changed between complete listings.", churn<&Churn::scope_changes>,
     token_type_label},
    {"datadog_access_token_credential_expiry_timestamp_seconds", Type::Gauge,
     "When the access token that the exporter itself uses expires, as a Unix time.",
     value_of<&Inventory::credential_expiry>},

    // One series for each token.
    {"datadog_access_token_expiry_timestamp_seconds", Type::Gauge,
     "When this access token expires, as a Unix time; absent if it never does.",
     detail<&TokenDetail::expires_at>, token_labels},
    {"datadog_access_token_last_used_timestamp_seconds", Type::Gauge,
     "When this access token was last used, as a Unix time; absent if no use is known.",
     detail<&TokenDetail::last_used_at>, token_labels},
    {"datadog_access_token_created_timestamp_seconds", Type::Gauge,
     "When this access token was created, as a Unix time.", detail<&TokenDetail::created_at>, token_labels},
    {"datadog_access_token_finding", Type::Gauge, "Finding of this access token; always 1.", detail_findings,
     token_finding_labels},
    {"datadog_access_tokens_detail_omitted", Type::Gauge,
     "Access tokens without series of their own because of the limit; absent if detail is off.",
     value_of<&Inventory::details_omitted>},

    // Polls and the listings they published.
    {"datadog_access_token_poll_interval_seconds", Type::Gauge,
     "Time from the start of one poll to the start of the next.", value_of<&Statistics::interval>},
    {"datadog_access_token_poll_success", Type::Gauge,
     "Whether the last poll published a listing (1) or failed (0).",
     of_last_poll<&Statistics::last_poll_succeeded>},
    {"datadog_access_token_listing_complete", Type::Gauge,
     "Whether the last published listing was verified complete (1) or inconsistent after all retries (0).",
     of_listing<&Listing::complete>},
    {"datadog_access_token_listing_reported_tokens", Type::Gauge,
     "Access tokens in the last published listing according to the API's own total; absent if it gave none.",
     of_listing<&Listing::reported_tokens>},
    {"datadog_access_token_listing_duplicates", Type::Gauge,
     "Access tokens that appeared again in the last published listing; each was counted once.",
     of_listing<&Listing::duplicates>},
    {"datadog_access_token_listing_single_owner", Type::Gauge,
     "Whether the listed access tokens, two or more, all have the same owner (1): the credentials probably "
     "see "
     "only their owner's. Absent with a filter.",
     value_of<&Inventory::single_owner>},
    {"datadog_access_token_listing_late_tokens_total", Type::Counter,
     "Access tokens that an earlier listing missed although it was deemed complete; not counted as created.",
     value_of<&Inventory::churn, &Churn::late>},
    {"datadog_access_token_poll_last_success_timestamp_seconds", Type::Gauge,
     "When the last successful poll started, as a Unix time.", value_of<&Statistics::last_success>},
    {"datadog_access_token_poll_last_attempt_timestamp_seconds", Type::Gauge,
     "When the last finished poll started, as a Unix time.", value_of<&Statistics::last_attempt>},
    {"datadog_access_token_poll_duration_seconds", Type::Gauge,
     "How long the last poll took, including retries and waits.", of_last_poll<&Statistics::last_duration>},
    {"datadog_access_token_poll_pages", Type::Gauge,
     "Pages that the last poll read, including repeated scans.", of_last_poll<&Statistics::last_pages>},
    {"datadog_access_token_polls_total", Type::Counter, "Polls, including failed ones.",
     value_of<&Statistics::polls>},
    {"datadog_access_token_poll_failures_total", Type::Counter, "Polls that published nothing.",
     by_kind<datadog::ErrorKind, &Statistics::failures>, reason_label},
    {"datadog_access_token_unparsed_fields_total",
     Type::Counter,
     "Fields in the API's answers that were present but could not be read, or that held an impossible date.",
     by_kind<datadog::Field, &Statistics::unparsed>,
     {"field"}},

    // Requests to the API.
    {"datadog_access_token_api_requests_total",
     Type::Counter,
     "Requests to the API by status code; error if there was no answer.",
     requests,
     {"code"}},
    {"datadog_access_token_api_request_duration_seconds", Type::Histogram,
     "How long requests to the API took.", request_durations},
    {"datadog_access_token_api_retries_total", Type::Counter, "Requests to the API that were retried.",
     by_kind<scan::RetryReason, &Statistics::retries>, reason_label},
    {"datadog_access_token_api_response_bytes_total", Type::Counter, "Size of the API's answers, in bytes.",
     value_of<&Statistics::response_bytes>},
    {"datadog_access_token_api_rate_limit_limit", Type::Gauge,
     "Requests that the API's rate limit allows per period, as last reported.",
     value_of<&Statistics::rate_limit>},
    {"datadog_access_token_api_rate_limit_remaining", Type::Gauge,
     "Requests left in the rate limit's current period, as last reported.",
     value_of<&Statistics::rate_limit_remaining>},
    {"datadog_access_token_api_rate_limit_reset_timestamp_seconds", Type::Gauge,
     "When the rate limit's current period ends, as a Unix time, as last reported.",
     value_of<&Statistics::rate_limit_reset>},

    // The exporter itself.
    {"datadog_access_token_exporter_build_info",
     Type::Gauge,
     "Build of the running exporter; always 1.",
     build_info,
     {"version", "revision", "compiler"}},
    {"datadog_access_token_exporter_log_lines_dropped_total", Type::Counter,
     "Log lines dropped because they were not read in time or could not be written.",
     value_of<&ExporterStatus::log_lines_dropped>},
    {"datadog_access_token_exporter_config_last_reload_successful", Type::Gauge,
     "Whether the last reload of the file succeeded (1) or the previous version stays in use (0).",
     by_file<&Reload::was_successful>, file_label},
    {"datadog_access_token_exporter_config_last_reload_success_timestamp_seconds", Type::Gauge,
     "When the file in use was read, as a Unix time.", by_file<&Reload::last_success>, file_label},
    {"process_cpu_seconds_total", Type::Counter, "User and system CPU time spent, in seconds.",
     value_of<&ExporterStatus::process, &Process::cpu_time>},
    {"process_open_fds", Type::Gauge, "Open file descriptors.",
     value_of<&ExporterStatus::process, &Process::open_fds>},
    {"process_max_fds", Type::Gauge, "Maximum number of open file descriptors.",
     value_of<&ExporterStatus::process, &Process::max_fds>},
    {"process_virtual_memory_bytes", Type::Gauge, "Size of virtual memory, in bytes.",
     value_of<&ExporterStatus::process, &Process::virtual_bytes>},
    {"process_resident_memory_bytes", Type::Gauge, "Size of resident memory, in bytes.",
     value_of<&ExporterStatus::process, &Process::resident_bytes>},
    {"process_start_time_seconds", Type::Gauge, "When the process started, as a Unix time.",
     value_of<&ExporterStatus::process, &Process::started>},
};

}  // namespace

std::span<const Metric> catalog() {
    return table;
}

}  // namespace exporter::metrics
