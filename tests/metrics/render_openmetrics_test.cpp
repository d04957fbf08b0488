#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "metrics/random_samples.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string render_openmetrics(const MetricFamily& family) {
    return render({family}, Format::openmetrics);
}

MetricFamily family_with(std::string name, MetricType type, double value) {
    MetricFamily family = {std::move(name), "Help.", type, {ClientMetric{}}};
    ClientMetric& series = family.metric.front();
    series.counter.value = series.gauge.value = value;
    return family;
}

struct FamilyCase {
    const char* name;
    MetricFamily family;
    const char* lines;
};

class OpenMetricsFamily : public ::testing::TestWithParam<FamilyCase> {};

TEST_P(OpenMetricsFamily, IsTheseLines) {
    EXPECT_EQ(render_openmetrics(GetParam().family), GetParam().lines);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, OpenMetricsFamily,
    ::testing::Values(
        FamilyCase{"CounterWithoutTotalInTheFamilysName", family_with("a_total", MetricType::Counter, 7),
                   "# HELP a Help.\n# TYPE a counter\na_total 7\n"},
        FamilyCase{"GaugeCalledTotal", family_with("a_total", MetricType::Gauge, 7),
                   "# HELP a_total Help.\n# TYPE a_total gauge\na_total 7\n"},
        FamilyCase{"Info", family_with("a_info", MetricType::Gauge, 1),
                   "# HELP a Help.\n# TYPE a info\na_info 1\n"},
        FamilyCase{"Seconds", family_with("a_seconds", MetricType::Gauge, 1),
                   "# HELP a_seconds Help.\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n"},
        FamilyCase{"BytesBeforeTotal", family_with("a_bytes_total", MetricType::Counter, 1),
                   "# HELP a_bytes Help.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n"},
        FamilyCase{"UnitThatIsNoSuffix", family_with("a_seconds_left", MetricType::Gauge, 1),
                   "# HELP a_seconds_left Help.\n# TYPE a_seconds_left gauge\na_seconds_left 1\n"},
        FamilyCase{"UnitWithoutASeparator", family_with("kilobytes", MetricType::Gauge, 1),
                   "# HELP kilobytes Help.\n# TYPE kilobytes gauge\nkilobytes 1\n"},
        FamilyCase{"UnitAlone", family_with("seconds", MetricType::Gauge, 1),
                   "# HELP seconds Help.\n# TYPE seconds gauge\nseconds 1\n"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RenderOpenMetrics, AHistogramStartsWithCanonicalBuckets) {
    MetricFamily family = {"a", "Help.", MetricType::Histogram, {ClientMetric{}}};
    ClientMetric& series = family.metric.front();
    series.label = {{"org", "o"}};
    series.histogram.sample_count = 5;
    series.histogram.sample_sum = 2.5;
    series.histogram.bucket = {{1, 0.001}, {2, 0.25}, {3, 1}, {4, 30}, {5, 1e6}, {5, infinity}};
    EXPECT_EQ(render_openmetrics(family),
              "# HELP a Help.\n# TYPE a histogram\n"
              "a_bucket{org=\"o\",le=\"0.001\"} 1\n"
              "a_bucket{org=\"o\",le=\"0.25\"} 2\n"
              "a_bucket{org=\"o\",le=\"1.0\"} 3\n"
              "a_bucket{org=\"o\",le=\"30.0\"} 4\n"
              "a_bucket{org=\"o\",le=\"1e+06\"} 5\n"
              "a_bucket{org=\"o\",le=\"+Inf\"} 5\n"
              "a_count{org=\"o\"} 5\n"
              "a_sum{org=\"o\"} 2.5\n");
}

/// The sample lines, with bucket bounds in a uniform notation.
std::multiset<std::string> samples_of(const std::vector<MetricFamily>& families, Format format) {
    std::multiset<std::string> samples;
    std::istringstream lines(render(families, format));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) {
            continue;
        }
        constexpr std::string_view label = "le=\"";
        // Quotes in label values are escaped, so these characters occur nowhere else.
        const auto at = line.find(label);
        if (at != std::string::npos) {
            const auto begin = at + label.size();
            const double bound = std::strtod(line.c_str() + begin, nullptr);
            std::ostringstream spelled;
            spelled << std::setprecision(10) << bound;
            line.replace(begin, line.find('"', begin) - begin, spelled.str());
        }
        samples.insert(line);
    }
    return samples;
}

TEST(RenderOpenMetrics, HasTheSameSamplesAsText) {
    const auto families = samples::collect_everything();
    EXPECT_EQ(samples_of(families, Format::openmetrics), samples_of(families, Format::text));
}

TEST(RenderOpenMetrics, HasTheSameSamplesAsTextForAnyFamilies) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        std::vector<MetricFamily> families = samples::random_families(seed);
        for (MetricFamily& family : families) {
            family.name += family.type == MetricType::Counter ? "_total" : "";
        }
        ASSERT_EQ(samples_of(families, Format::openmetrics), samples_of(families, Format::text))
            << "seed " << seed;
    }
}

/// The sample names reserved for a family (OpenMetrics 1.0, "Suffixes"), used or not.
std::vector<std::string> reserved_names(const MetricFamily& family) {
    const auto with = [](const std::string& name, const std::vector<std::string>& suffixes) {
        std::vector<std::string> names;
        std::transform(suffixes.begin(), suffixes.end(), std::back_inserter(names),
                       [&name](const std::string& suffix) { return name + suffix; });
        return names;
    };
    const std::string& name = family.name;
    switch (family.type) {
        case MetricType::Counter:
            return with(name.substr(0, name.size() - std::string_view("_total").size()),
                        {"", "_total", "_created"});
        case MetricType::Histogram:
            return with(name, {"", "_bucket", "_count", "_sum", "_created"});
        case MetricType::Gauge:
            return name.ends_with("_info")
                       ? with(name.substr(0, name.size() - std::string_view("_info").size()), {"", "_info"})
                       : with(name, {""});
        case MetricType::Summary:
        case MetricType::Untyped:
            break;
    }
    ADD_FAILURE() << name << ": no metric of this type is published";
    return {};
}

// `datadog_access_tokens_created_total` is allowed only because `datadog_access_tokens` is not a counter.
TEST(RenderOpenMetrics, NoFamilyTakesAnothersName) {
    std::map<std::string, std::string> owners;
    for (const MetricFamily& family : samples::collect_everything()) {
        for (const std::string& name : reserved_names(family)) {
            const auto [owner, is_new] = owners.emplace(name, family.name);
            EXPECT_TRUE(is_new) << name << " belongs to " << owner->second << " and to " << family.name;
        }
    }
}

TEST(RenderOpenMetrics, OnlyTheBuildIsAnInfo) {
    for (const Metric& family : catalog()) {
        EXPECT_EQ(family.name.ends_with("_info"), family.name == "datadog_access_token_exporter_build_info")
            << family.name;
    }
}

}  // namespace
}  // namespace exporter::metrics
