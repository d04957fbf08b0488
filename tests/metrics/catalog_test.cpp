#include "metrics/catalog.h"

#include "metrics/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::metrics {
namespace {

using prometheus::MetricType;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::Not;

bool is_standard(const Metric& metric) {
    return metric.name.starts_with("process_");
}

template <class Family>
std::vector<std::string> names_of(const Family& families) {
    std::vector<std::string> names;
    names.reserve(families.size());
    for (const auto& family : families) {
        names.emplace_back(family.name);
    }
    return names;
}

TEST(Catalog, NamesAreUnique) {
    const std::vector<std::string> names = names_of(catalog());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(Catalog, NamesHaveThePrefixUnlessTheyAreStandard) {
    for (const Metric& family : catalog()) {
        EXPECT_THAT(std::string(family.name), is_standard(family)
                                                  ? MatchesRegex("process(_[a-z]+)+")
                                                  : MatchesRegex("datadog_access_tokens?(_[a-z]+)*"));
    }
}

TEST(Catalog, CountersAndOnlyCountersEndInTotal) {
    for (const Metric& family : catalog()) {
        EXPECT_EQ(family.type == MetricType::Counter, std::string(family.name).ends_with("_total"))
            << family.name;
    }
}

TEST(Catalog, NoNameEndsInAReservedSuffix) {
    for (const std::string& name : names_of(catalog())) {
        EXPECT_THAT(name, Not(AnyOf(EndsWith("_count"), EndsWith("_sum"), EndsWith("_bucket"),
                                    EndsWith("_created"))));
    }
}

TEST(Catalog, HelpIsASentenceOrMoreOnOneLine) {
    for (const Metric& family : catalog()) {
        EXPECT_TRUE(family.help.ends_with('.')) << family.name;
        EXPECT_EQ(family.help.find_first_of("\"\\\n\r\t"), std::string_view::npos) << family.name;
    }
}

TEST(Catalog, HelpOfGaugesOfTheInventorySaysHowOldTheValuesAre) {
    for (const prometheus::MetricFamily& family : samples::collect_everything()) {
        EXPECT_EQ(
            family.help.ends_with(". As of the last complete poll."),
            samples::row_of(family.name).is_from_inventory() && family.type == prometheus::MetricType::Gauge)
            << family.name;
    }
}

TEST(Catalog, AllButTheExportersOwnFamiliesHaveAnOrgLabel) {
    for (const Metric& family : catalog()) {
        const bool is_of_exporter =
            is_standard(family) || family.name.starts_with("datadog_access_token_exporter_");
        EXPECT_NE(family.has_org(), is_of_exporter) << family.name;
    }
}

TEST(Catalog, LabelNamesAreUniqueAndNotReserved) {
    for (const Metric& family : catalog()) {
        const auto names = family.label_names();
        const std::set<std::string_view> labels(names.begin(), names.end());
        EXPECT_EQ(labels.size(), names.size()) << family.name;
        EXPECT_FALSE(labels.contains("org") || labels.contains("le") || labels.contains("quantile"))
            << family.name;
    }
}

TEST(Catalog, OnlyDetailFamiliesIdentifyTokensOrPeople) {
    const std::vector<std::string> detail = {
        "datadog_access_token_expiry_timestamp_seconds", "datadog_access_token_last_used_timestamp_seconds",
        "datadog_access_token_created_timestamp_seconds", "datadog_access_token_finding"};
    std::vector<std::string> naming;
    for (const Metric& family : catalog()) {
        const bool names_one = std::ranges::any_of(family.label_names(), [](std::string_view label) {
            return label.ends_with("_id") || label.ends_with("_name");
        });
        if (names_one) {
            naming.emplace_back(family.name);
        }
    }
    EXPECT_EQ(naming, detail);
}

TEST(Catalog, MatchesThePublishedOrder) {
    EXPECT_EQ(names_of(samples::collect_everything()), names_of(catalog()));
}

TEST(Catalog, EveryPublishedFamilyHasItsTypeAndHelp) {
    for (const prometheus::MetricFamily& family : samples::collect_everything()) {
        EXPECT_EQ(family.type, samples::row_of(family.name).type) << family.name;
        EXPECT_TRUE(family.help.starts_with(samples::row_of(family.name).help)) << family.name;
    }
}

TEST(Catalog, EveryPublishedSeriesHasItsLabelsInOrder) {
    for (const prometheus::MetricFamily& family : samples::collect_everything()) {
        const Metric& row = samples::row_of(family.name);
        std::vector<std::string_view> expected(row.has_org() ? 1 : 0, "org");
        expected.insert(expected.end(), row.label_names().begin(), row.label_names().end());
        for (const prometheus::ClientMetric& series : family.metric) {
            std::vector<std::string_view> labels;
            for (const auto& label : series.label) {
                labels.push_back(label.name);
            }
            ASSERT_EQ(labels, expected) << family.name;
        }
    }
}

TEST(Catalog, NoSeriesIsPublishedTwice) {
    for (const prometheus::MetricFamily& family : samples::collect_everything()) {
        std::set<samples::Labels> seen;
        for (const prometheus::ClientMetric& series : family.metric) {
            EXPECT_TRUE(seen.insert(samples::labels_of(series)).second) << family.name;
        }
    }
}

}  // namespace
}  // namespace exporter::metrics
