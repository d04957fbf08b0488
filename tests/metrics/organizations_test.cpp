#include "metrics/catalog.h"
#include "metrics/collectables.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

std::string read_golden(const std::string& name) {
    const std::ifstream file(std::string(GOLDEN_DIR) + "/" + name);
    EXPECT_TRUE(file.good()) << name;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Organizations, ASmallOrganizationIsPublishedAsThisText) {
    EXPECT_EQ(render_text(samples::collect({samples::small_snapshot()})), read_golden("small.prom"));
}

TEST(Organizations, BeforeTheFirstPollTheExpositionIsThisText) {
    EXPECT_EQ(render_text(samples::collect({{"default", nullptr, {}}})),
              read_golden("before_first_poll.prom"));
}

TEST(Organizations, WithoutAnInventoryNoInventoryFamilyIsPublished) {
    const auto families = samples::collect({{"o", nullptr, samples::full_statistics(1)}});
    ASSERT_FALSE(families.empty());
    for (const prometheus::MetricFamily& family : families) {
        EXPECT_FALSE(describe(family.name).inventory) << family.name;
    }
}

TEST(Organizations, NoFamilyIsPublishedWithoutSeries) {
    for (const Snapshot& snapshot :
         {Snapshot{"o", nullptr, {}}, samples::snapshot_of("o", samples::empty_inventory()),
          samples::full_snapshot("o", 1)}) {
        for (const prometheus::MetricFamily& family : samples::collect({snapshot})) {
            EXPECT_FALSE(family.metric.empty()) << family.name;
        }
    }
}

TEST(Organizations, NoOrganizationPublishesNothing) {
    EXPECT_TRUE(samples::collect({}).empty());
}

TEST(Organizations, ShareEachFamilyOrganizationByOrganization) {
    const auto families = samples::collect({samples::full_snapshot("b", 1), samples::full_snapshot("a", 2)});
    std::set<std::string> names;
    for (const prometheus::MetricFamily& family : families) {
        EXPECT_TRUE(names.insert(family.name).second) << family.name;
        std::vector<std::string> orgs;
        for (const prometheus::ClientMetric& series : family.metric) {
            if (orgs.empty() || orgs.back() != series.label.front().value) {
                orgs.push_back(series.label.front().value);
            }
        }
        EXPECT_EQ(orgs, (std::vector<std::string>{"b", "a"})) << family.name;
    }
}

TEST(Organizations, AnOrganizationWithoutInventoryLeavesTheOthersTheirs) {
    const auto families = samples::collect(
        {{"broken", nullptr, samples::full_statistics(1)}, samples::full_snapshot("fine", 2)});
    EXPECT_EQ(samples::sum(families, "datadog_access_tokens", {{"org", "broken"}}), 0);
    EXPECT_EQ(samples::sum(families, "datadog_access_tokens", {{"org", "fine"}}),
              static_cast<double>(samples::full_inventory(2).tokens));
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_poll_success"), 2U);
}

TEST(Organizations, CollectingTwiceGivesTheSameBytes) {
    const OrganizationsCollectable collectable({samples::full_snapshot("a", 1), samples::small_snapshot()});
    EXPECT_EQ(render_text(collectable.Collect()), render_text(collectable.Collect()));
}

TEST(BuildInfo, IsOneSeriesWithTheValueOne) {
    EXPECT_EQ(render_text(BuildInfoCollectable("1.2.3", "abc", "GNU 12.2.0").Collect()),
              "# HELP datadog_access_token_exporter_build_info The running exporter; the value is always 1.\n"
              "# TYPE datadog_access_token_exporter_build_info gauge\n"
              "datadog_access_token_exporter_build_info{version=\"1.2.3\",revision=\"abc\",compiler=\"GNU "
              "12.2.0\"} "
              "1\n");
}

}  // namespace
}  // namespace exporter::metrics
