#include "metrics/catalog.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

using samples::Labels;

const Labels org = {{"org", "o"}};

std::vector<prometheus::MetricFamily> collect(scan::Statistics statistics) {
    return samples::collect({{"o", nullptr, std::move(statistics)}});
}

TEST(HealthFamilies, OmitTheLastPollBeforeTheFirstOne) {
    const auto families = collect({});
    for (const char* name :
         {"datadog_access_token_poll_success", "datadog_access_token_poll_last_attempt_timestamp_seconds",
          "datadog_access_token_poll_last_success_timestamp_seconds",
          "datadog_access_token_poll_duration_seconds", "datadog_access_token_poll_pages",
          "datadog_access_token_listing_complete", "datadog_access_token_listing_duplicates",
          "datadog_access_token_listing_reported_tokens", "datadog_access_token_api_requests_total",
          "datadog_access_token_api_rate_limit_limit", "datadog_access_token_api_rate_limit_remaining",
          "datadog_access_token_api_rate_limit_reset_timestamp_seconds"}) {
        EXPECT_EQ(samples::find(families, name), nullptr) << name;
    }
}

TEST(HealthFamilies, CountersStartAtZero) {
    const auto families = collect({});
    EXPECT_EQ(samples::value(families, "datadog_access_token_polls_total", org), 0);
    EXPECT_EQ(samples::value(families, "datadog_access_token_api_response_bytes_total", org), 0);
    for (std::size_t i = 0; i < datadog::error_kind_count; ++i) {
        const auto kind = static_cast<datadog::ErrorKind>(i);
        EXPECT_EQ(samples::value(families, "datadog_access_token_poll_failures_total",
                                 {{"org", "o"}, {"reason", std::string(label(kind))}}),
                  0)
            << label(kind);
    }
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_unparsed_fields_total"),
              datadog::field_count);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_unparsed_fields_total", {}), 0);
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_api_retries_total"),
              scan::retry_reason_count);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_api_retries_total", {}), 0);
}

TEST(HealthFamilies, AFailedFirstPollHasNoLastSuccess) {
    scan::Statistics statistics;
    statistics.polls = 1;
    statistics.last_attempt = samples::noon;
    statistics.last_duration = std::chrono::milliseconds(2500);
    statistics.failures[static_cast<std::size_t>(datadog::ErrorKind::forbidden)] = 1;
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_success", org), 0);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_last_attempt_timestamp_seconds", org),
              1749988800);
    EXPECT_EQ(samples::find(families, "datadog_access_token_poll_last_success_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_duration_seconds", org), 2.5);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_pages", org), 0);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_failures_total",
                             {{"org", "o"}, {"reason", "forbidden"}}),
              1);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_poll_failures_total", {}), 1);
}

TEST(HealthFamilies, ASuccessIsPublishedWithItsTime) {
    scan::Statistics statistics;
    statistics.last_poll_succeeded = true;
    statistics.last_attempt = statistics.last_success = samples::noon + std::chrono::microseconds(123456);
    statistics.last_pages = 12;
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_success", org), 1);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_last_success_timestamp_seconds", org),
              1749988800.123456);
    EXPECT_EQ(samples::value(families, "datadog_access_token_poll_pages", org), 12);
}

TEST(HealthFamilies, TheListingStaysWhenTheInventoryIsTooOldToBeShown) {
    const auto families = collect(samples::full_statistics(1));
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_complete", org), 1);
    EXPECT_NE(samples::find(families, "datadog_access_token_listing_reported_tokens"), nullptr);
    EXPECT_NE(samples::find(families, "datadog_access_token_listing_duplicates"), nullptr);
}

TEST(HealthFamilies, AListingThatContradictedItselfIsNotComplete) {
    scan::Statistics statistics;
    statistics.listing = {
        .complete = false, .tokens = 9, .duplicates = 2, .reported_tokens = 10, .as_of = {}, .began = {}};
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_complete", org), 0);
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_reported_tokens", org), 10);
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_duplicates", org), 2);
}

TEST(HealthFamilies, AnUnreportedTotalIsAbsent) {
    scan::Statistics statistics;
    statistics.listing.emplace();
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_complete", org), 0);
    EXPECT_EQ(samples::find(families, "datadog_access_token_listing_reported_tokens"), nullptr);
}

TEST(HealthFamilies, LateTokensAreCountedInTheInventory) {
    inventory::Inventory inventory = samples::empty_inventory();
    inventory.churn.late = 3;
    const auto families = samples::collect({samples::snapshot_of("o", std::move(inventory))});
    EXPECT_EQ(samples::value(families, "datadog_access_token_listing_late_tokens_total", org), 3);
    EXPECT_EQ(samples::find(collect({}), "datadog_access_token_listing_late_tokens_total"), nullptr);
}

TEST(HealthFamilies, RequestsAreCountedByStatusOrAsError) {
    scan::Statistics statistics;
    statistics.requests = {{0, 2}, {200, 40}, {503, 1}};
    const auto families = collect(statistics);
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_api_requests_total"), 3);
    for (const auto& [code, count] : std::map<std::string, double>{{"error", 2}, {"200", 40}, {"503", 1}}) {
        EXPECT_EQ(samples::value(families, "datadog_access_token_api_requests_total",
                                 {{"org", "o"}, {"code", code}}),
                  count)
            << code;
    }
}

TEST(HealthFamilies, RetriesAreCountedByReason) {
    scan::Statistics statistics;
    statistics.retries = {3, 2, 1};
    const auto families = collect(statistics);
    for (const auto& [reason, count] :
         std::map<std::string, double>{{"rate_limited", 3}, {"server_error", 2}, {"network", 1}}) {
        EXPECT_EQ(samples::value(families, "datadog_access_token_api_retries_total",
                                 {{"org", "o"}, {"reason", reason}}),
                  count)
            << reason;
    }
}

TEST(HealthFamilies, UnparsedFieldsAreCountedByField) {
    scan::Statistics statistics;
    statistics.unparsed[static_cast<std::size_t>(datadog::Field::expires_at)] = 5;
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_unparsed_fields_total",
                             {{"org", "o"}, {"field", "expires_at"}}),
              5);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_unparsed_fields_total", {}), 5);
}

TEST(HealthFamilies, RequestDurationsAreACumulativeHistogramUpToInfinity) {
    scan::Statistics statistics;
    for (const int milliseconds : {10, 25, 26, 700, 60'000}) {
        statistics.request_durations.observe(std::chrono::milliseconds(milliseconds));
    }
    const auto families = collect(statistics);
    const auto* family = samples::find(families, "datadog_access_token_api_request_duration_seconds");
    ASSERT_NE(family, nullptr);
    ASSERT_EQ(family->metric.size(), 1U);
    const auto& histogram = family->metric[0].histogram;
    EXPECT_EQ(histogram.sample_count, 5U);
    EXPECT_DOUBLE_EQ(histogram.sample_sum, 60.761);

    std::vector<std::uint64_t> counts;
    std::vector<double> bounds;
    for (const auto& bucket : histogram.bucket) {
        counts.push_back(bucket.cumulative_count);
        bounds.push_back(bucket.upper_bound);
    }
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5}));
    std::vector<double> expected(scan::request_duration_bounds.begin(), scan::request_duration_bounds.end());
    expected.push_back(std::numeric_limits<double>::infinity());
    EXPECT_EQ(bounds, expected);
}

TEST(HealthFamilies, TheRateLimitIsAsLastReported) {
    scan::Statistics statistics;
    statistics.rate_limit = 300;
    statistics.rate_limit_remaining = 0;
    statistics.rate_limit_reset = samples::noon + std::chrono::seconds(7);
    const auto families = collect(statistics);
    EXPECT_EQ(samples::value(families, "datadog_access_token_api_rate_limit_limit", org), 300);
    EXPECT_EQ(samples::value(families, "datadog_access_token_api_rate_limit_remaining", org), 0);
    EXPECT_EQ(samples::value(families, "datadog_access_token_api_rate_limit_reset_timestamp_seconds", org),
              1749988807);
}

TEST(HealthFamilies, AReloadIsPublishedWithItsFile) {
    Reloads reloads;
    reloads.succeeded("web", samples::noon);
    reloads.succeeded("web", samples::noon + std::chrono::seconds(60));
    reloads.failed("web");
    reloads.failed("config");
    const auto families = families_of(ExporterStatus{{}, {}, {}, 0, reloads.by_file(), {}});
    const std::string prefix = "datadog_access_token_exporter_config_last_reload_";
    EXPECT_EQ(samples::value(families, prefix + "successful", {{"file", "web"}}), 0);
    EXPECT_EQ(samples::value(families, prefix + "successful", {{"file", "config"}}), 0);
    EXPECT_EQ(samples::value(families, prefix + "success_timestamp_seconds", {{"file", "web"}}), 1749988860);
    EXPECT_EQ(samples::series_count(families, prefix + "success_timestamp_seconds"), 1U);
    reloads.succeeded("config", samples::noon);
    EXPECT_TRUE(reloads.by_file().at("config").was_successful);
}

TEST(HealthFamilies, FilesThatWereNeverReadHaveNoReload) {
    const auto families = families_of(ExporterStatus{});
    EXPECT_EQ(samples::find(families, "datadog_access_token_exporter_config_last_reload_successful"),
              nullptr);
}

}  // namespace
}  // namespace exporter::metrics
