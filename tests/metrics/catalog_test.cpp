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
using ::testing::ElementsAreArray;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::Not;

bool is_standard(const prometheus::MetricFamily& family) {
    return family.name.rfind("process_", 0) == 0;
}

std::vector<prometheus::MetricFamily> published_families() {
    std::vector<prometheus::MetricFamily> families = samples::collect_everything();
    families.erase(std::remove_if(families.begin(), families.end(), is_standard), families.end());
    return families;
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

TEST(Catalog, NamesHaveOnePrefixAndNoOddCharacters) {
    for (const std::string& name : names_of(catalog())) {
        EXPECT_THAT(name, MatchesRegex("datadog_access_tokens?(_[a-z]+)*"));
    }
}

TEST(Catalog, CountersAndOnlyCountersEndInTotal) {
    for (const FamilyDescription& family : catalog()) {
        EXPECT_EQ(family.type == MetricType::Counter, std::string(family.name).ends_with("_total"))
            << family.name;
    }
}

TEST(Catalog, NoNameEndsInWhatTheTextFormatAppends) {
    for (const std::string& name : names_of(catalog())) {
        EXPECT_THAT(name, Not(AnyOf(EndsWith("_count"), EndsWith("_sum"), EndsWith("_bucket"),
                                    EndsWith("_created"))));
    }
}

TEST(Catalog, HelpIsASentenceOrMoreOnOneLine) {
    for (const FamilyDescription& family : catalog()) {
        EXPECT_TRUE(family.help.ends_with('.')) << family.name;
        EXPECT_EQ(family.help.find_first_of("\\\n\r\t"), std::string_view::npos) << family.name;
    }
}

TEST(Catalog, HelpOfInventoryFamiliesSaysHowOldTheValuesAre) {
    for (const FamilyDescription& family : catalog()) {
        EXPECT_EQ(std::string(family.help).ends_with(". As of the last complete poll."), family.inventory)
            << family.name;
    }
}

TEST(Catalog, EveryFamilyButTheExportersOwnBeginsWithTheOrganization) {
    for (const FamilyDescription& family : catalog()) {
        ASSERT_FALSE(family.labels.empty()) << family.name;
        EXPECT_EQ(family.labels.front() == "org", !family.name.starts_with("datadog_access_token_exporter_"))
            << family.name;
    }
}

TEST(Catalog, LabelNamesAreUniqueAndNotReserved) {
    for (const FamilyDescription& family : catalog()) {
        const std::set<std::string_view> labels(family.labels.begin(), family.labels.end());
        EXPECT_EQ(labels.size(), family.labels.size()) << family.name;
        EXPECT_FALSE(labels.contains("le") || labels.contains("quantile")) << family.name;
    }
}

TEST(Catalog, OnlyDetailFamiliesHaveLabelsThatNameATokenOrAPerson) {
    const std::vector<std::string> detail = {"datadog_access_token_expiry_timestamp_seconds",
                                             "datadog_access_token_last_used_timestamp_seconds",
                                             "datadog_access_token_created_timestamp_seconds"};
    std::vector<std::string> naming;
    for (const FamilyDescription& family : catalog()) {
        const bool names_one = std::any_of(
            family.labels.begin(), family.labels.end(),
            [](std::string_view label) { return label.ends_with("_id") || label.ends_with("_name"); });
        if (names_one) {
            naming.emplace_back(family.name);
        }
    }
    EXPECT_EQ(naming, detail);
}

TEST(Catalog, DescribeFindsEachRow) {
    for (const FamilyDescription& family : catalog()) {
        EXPECT_EQ(&describe(family.name), &family);
    }
}

TEST(Catalog, IsWhatIsPublishedInTheSameOrder) {
    EXPECT_EQ(names_of(published_families()), names_of(catalog()));
}

TEST(Catalog, EveryPublishedFamilyHasItsTypeAndHelp) {
    for (const prometheus::MetricFamily& family : published_families()) {
        EXPECT_EQ(family.type, describe(family.name).type) << family.name;
        EXPECT_EQ(family.help, describe(family.name).help) << family.name;
    }
}

TEST(Catalog, EveryPublishedSeriesHasItsLabelsInOrder) {
    for (const prometheus::MetricFamily& family : published_families()) {
        for (const prometheus::ClientMetric& series : family.metric) {
            std::vector<std::string_view> labels;
            for (const auto& label : series.label) {
                labels.push_back(label.name);
            }
            ASSERT_THAT(labels, ElementsAreArray(describe(family.name).labels)) << family.name;
        }
    }
}

TEST(Catalog, NoSeriesIsPublishedTwice) {
    for (const prometheus::MetricFamily& family : published_families()) {
        std::set<samples::Labels> seen;
        for (const prometheus::ClientMetric& series : family.metric) {
            EXPECT_TRUE(seen.insert(samples::labels_of(series)).second) << family.name;
        }
    }
}

}  // namespace
}  // namespace exporter::metrics
