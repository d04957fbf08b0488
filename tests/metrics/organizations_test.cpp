#include "metrics/exposition.h"
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

/// The scraped body with an empty live part.
std::string exposition_of(const Snapshot& snapshot, Format format) {
    const std::vector organizations = {render_lines(snapshot)};
    const Body body = join(organizations)->body("", format, Encoding::identity);
    return *body.head + body.tail;
}

TEST(Organizations, ASmallOneMatchesTheGoldenFiles) {
    EXPECT_EQ(exposition_of(samples::small_snapshot(), Format::text), read_golden("small.prom"));
    EXPECT_EQ(exposition_of(samples::small_snapshot(), Format::openmetrics),
              read_golden("small.openmetrics"));
}

TEST(Organizations, BeforeTheFirstPollMatchTheGoldenFiles) {
    const Snapshot unpolled = {"default", nullptr, {}};
    EXPECT_EQ(exposition_of(unpolled, Format::text), read_golden("before_first_poll.prom"));
    EXPECT_EQ(exposition_of(unpolled, Format::openmetrics), read_golden("before_first_poll.openmetrics"));
}

TEST(Organizations, PublishNoInventoryFamilyWithoutAnInventory) {
    const auto families = samples::collect({{"o", nullptr, samples::full_statistics(1)}});
    ASSERT_FALSE(families.empty());
    for (const prometheus::MetricFamily& family : families) {
        EXPECT_FALSE(samples::row_of(family.name).is_from_inventory()) << family.name;
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

TEST(Organizations, AreGroupedWithinEachFamily) {
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

TEST(Organizations, OneWithoutAnInventoryDoesNotAffectOthers) {
    const auto families = samples::collect(
        {{"broken", nullptr, samples::full_statistics(1)}, samples::full_snapshot("fine", 2)});
    EXPECT_EQ(samples::sum(families, "datadog_access_tokens", {{"org", "broken"}}), 0);
    EXPECT_EQ(samples::sum(families, "datadog_access_tokens", {{"org", "fine"}}),
              static_cast<double>(samples::full_inventory(2).tokens));
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_poll_success"), 2U);
}

TEST(Organizations, CollectingTwiceGivesTheSameBytes) {
    const std::vector<Snapshot> snapshots = {samples::full_snapshot("a", 1), samples::small_snapshot()};
    for (const Format format : formats) {
        EXPECT_EQ(render(samples::collect(snapshots), format), render(samples::collect(snapshots), format));
    }
}

TEST(BuildInfo, IsOneSeriesWithTheValueOne) {
    const ExporterStatus exporter = {"1.2.3", "abc", "GNU 12.2.0", 0, {}, {}};
    const std::vector families = {families_of(exporter).front()};
    const std::string series =
        "datadog_access_token_exporter_build_info{version=\"1.2.3\",revision=\"abc\",compiler=\"GNU "
        "12.2.0\"} "
        "1\n";
    EXPECT_EQ(render(families, Format::text),
              "# HELP datadog_access_token_exporter_build_info Build of the running exporter; always 1.\n"
              "# TYPE datadog_access_token_exporter_build_info gauge\n" +
                  series);
    EXPECT_EQ(render(families, Format::openmetrics),
              "# HELP datadog_access_token_exporter_build Build of the running exporter; always 1.\n"
              "# TYPE datadog_access_token_exporter_build info\n" +
                  series);
}

}  // namespace
}  // namespace exporter::metrics
