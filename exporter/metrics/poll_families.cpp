#include "metrics/families.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace exporter::metrics {

namespace {

template <class Integer>
double number(Integer count) {
    return static_cast<double>(count);
}

void write_moment(const std::string& org, const std::optional<base::Timestamp>& moment,
                  FamilyBuilder& family) {
    if (moment) {
        family.add({org}, unix_seconds(*moment));
    }
}

void write_poll_success(const Snapshot& snapshot, FamilyBuilder& family) {
    if (snapshot.statistics.last_attempt) {
        family.add({snapshot.org}, snapshot.statistics.last_poll_succeeded ? 1 : 0);
    }
}

void write_listing_complete(const Snapshot& snapshot, FamilyBuilder& family) {
    if (const auto& listing = snapshot.statistics.listing) {
        family.add({snapshot.org}, listing->complete ? 1 : 0);
    }
}

void write_reported_tokens(const Snapshot& snapshot, FamilyBuilder& family) {
    const auto& listing = snapshot.statistics.listing;
    if (listing && listing->reported_tokens) {
        family.add({snapshot.org}, number(*listing->reported_tokens));
    }
}

void write_duplicates(const Snapshot& snapshot, FamilyBuilder& family) {
    if (const auto& listing = snapshot.statistics.listing) {
        family.add({snapshot.org}, number(listing->duplicates));
    }
}

void write_late_tokens(const Snapshot& snapshot, FamilyBuilder& family) {
    family.add({snapshot.org}, number(snapshot.inventory->churn.late));
}

void write_last_success(const Snapshot& snapshot, FamilyBuilder& family) {
    write_moment(snapshot.org, snapshot.statistics.last_success, family);
}

void write_last_attempt(const Snapshot& snapshot, FamilyBuilder& family) {
    write_moment(snapshot.org, snapshot.statistics.last_attempt, family);
}

void write_duration(const Snapshot& snapshot, FamilyBuilder& family) {
    if (snapshot.statistics.last_attempt) {
        family.add({snapshot.org}, snapshot.statistics.last_duration.count());
    }
}

void write_pages(const Snapshot& snapshot, FamilyBuilder& family) {
    if (snapshot.statistics.last_attempt) {
        family.add({snapshot.org}, number(snapshot.statistics.last_pages));
    }
}

void write_polls(const Snapshot& snapshot, FamilyBuilder& family) {
    family.add({snapshot.org}, number(snapshot.statistics.polls));
}

void write_failures(const Snapshot& snapshot, FamilyBuilder& family) {
    for (const datadog::ErrorKind kind : datadog::error_kinds()) {
        family.add({snapshot.org, label(kind)},
                   number(snapshot.statistics.failures[static_cast<std::size_t>(kind)]));
    }
}

void write_unparsed_fields(const Snapshot& snapshot, FamilyBuilder& family) {
    for (std::size_t field = 0; field < datadog::field_count; ++field) {
        family.add({snapshot.org, label(static_cast<datadog::Field>(field))},
                   number(snapshot.statistics.unparsed[field]));
    }
}

void write_requests(const Snapshot& snapshot, FamilyBuilder& family) {
    for (const auto& [status, count] : snapshot.statistics.requests) {
        const std::string code = status == 0 ? "error" : std::to_string(status);
        family.add({snapshot.org, code}, number(count));
    }
}

void write_request_durations(const Snapshot& snapshot, FamilyBuilder& family) {
    const scan::RequestDurations& durations = snapshot.statistics.request_durations;
    prometheus::ClientMetric::Histogram histogram;
    histogram.bucket.reserve(durations.counts.size());
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < durations.counts.size(); ++i) {
        cumulative += durations.counts[i];
        const bool is_last = i == scan::request_duration_bounds.size();
        histogram.bucket.push_back({cumulative, is_last ? std::numeric_limits<double>::infinity()
                                                        : scan::request_duration_bounds[i]});
    }
    histogram.sample_count = cumulative;
    histogram.sample_sum = durations.sum_seconds;
    family.add({snapshot.org}, std::move(histogram));
}

void write_retries(const Snapshot& snapshot, FamilyBuilder& family) {
    for (std::size_t reason = 0; reason < scan::retry_reason_count; ++reason) {
        family.add({snapshot.org, label(static_cast<scan::RetryReason>(reason))},
                   number(snapshot.statistics.retries[reason]));
    }
}

void write_response_bytes(const Snapshot& snapshot, FamilyBuilder& family) {
    family.add({snapshot.org}, number(snapshot.statistics.response_bytes));
}

void write_rate_limit(const Snapshot& snapshot, FamilyBuilder& family) {
    if (const auto& limit = snapshot.statistics.rate_limit) {
        family.add({snapshot.org}, number(*limit));
    }
}

void write_rate_limit_remaining(const Snapshot& snapshot, FamilyBuilder& family) {
    if (const auto& remaining = snapshot.statistics.rate_limit_remaining) {
        family.add({snapshot.org}, number(*remaining));
    }
}

void write_rate_limit_reset(const Snapshot& snapshot, FamilyBuilder& family) {
    write_moment(snapshot.org, snapshot.statistics.rate_limit_reset, family);
}

constexpr FamilyWriter poll_table[] = {
    {"datadog_access_token_poll_success", write_poll_success},
    {"datadog_access_token_listing_complete", write_listing_complete},
    {"datadog_access_token_listing_reported_tokens", write_reported_tokens},
    {"datadog_access_token_listing_duplicates", write_duplicates},
    {"datadog_access_token_listing_late_tokens_total", write_late_tokens},
    {"datadog_access_token_poll_last_success_timestamp_seconds", write_last_success},
    {"datadog_access_token_poll_last_attempt_timestamp_seconds", write_last_attempt},
    {"datadog_access_token_poll_duration_seconds", write_duration},
    {"datadog_access_token_poll_pages", write_pages},
    {"datadog_access_token_polls_total", write_polls},
    {"datadog_access_token_poll_failures_total", write_failures},
    {"datadog_access_token_unparsed_fields_total", write_unparsed_fields},
    {"datadog_access_token_api_requests_total", write_requests},
    {"datadog_access_token_api_request_duration_seconds", write_request_durations},
    {"datadog_access_token_api_retries_total", write_retries},
    {"datadog_access_token_api_response_bytes_total", write_response_bytes},
    {"datadog_access_token_api_rate_limit_limit", write_rate_limit},
    {"datadog_access_token_api_rate_limit_remaining", write_rate_limit_remaining},
    {"datadog_access_token_api_rate_limit_reset_timestamp_seconds", write_rate_limit_reset},
};

}  // namespace

std::span<const FamilyWriter> poll_writers() {
    return poll_table;
}

}  // namespace exporter::metrics
