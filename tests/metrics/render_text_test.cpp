#include "metrics/exposition.h"
#include "metrics/random_samples.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string render_text(const std::vector<MetricFamily>& families) {
    return render(families, Format::text);
}

std::string render_with_library(const std::vector<MetricFamily>& families) {
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return text.str();
}

/// A series with every number set to `value`, except that counts are 7.
ClientMetric series_with(double value) {
    ClientMetric series;
    series.label = {{"org", "o"}};
    series.counter.value = series.gauge.value = value;
    series.histogram.sample_count = 7;
    series.histogram.sample_sum = value;
    series.histogram.bucket = {{3, value}, {7, infinity}};
    return series;
}

/// The series, twice, in one family of each type.
std::vector<MetricFamily> families_with(const ClientMetric& series) {
    std::vector<MetricFamily> families;
    for (const MetricType type : samples::types) {
        families.push_back({"some_name", "Some help.", type, {series, series}});
    }
    return families;
}

void expect_like_the_library(const std::vector<MetricFamily>& families) {
    EXPECT_EQ(render_text(families), render_with_library(families));
}

struct ValueCase {
    const char* name;
    double value;
};

class RenderedValue : public ::testing::TestWithParam<ValueCase> {};

TEST_P(RenderedValue, MatchesTheLibrary) {
    expect_like_the_library(families_with(series_with(GetParam().value)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RenderedValue,
    ::testing::Values(ValueCase{"Zero", 0}, ValueCase{"NegativeZero", -0.0}, ValueCase{"One", 1},
                      ValueCase{"Negative", -2.5}, ValueCase{"Tenth", 0.1}, ValueCase{"Third", 1.0 / 3},
                      ValueCase{"SumThatIsNotExact", 0.1 + 0.2}, ValueCase{"SmallestFixed", 0.0001},
                      ValueCase{"LargestScientificBelowOne", 0.00009999}, ValueCase{"Timestamp", 1749988800},
                      ValueCase{"TimestampWithMicroseconds", 1749988800.123456},
                      ValueCase{"LargestCountThatIsExact", 9007199254740992.0},
                      ValueCase{"OneLess", 9007199254740991.0},
                      ValueCase{"LastBeforeTheExponent", 9999999999999998.0},
                      ValueCase{"FirstWithAnExponent", 1e16},
                      ValueCase{"LargestUnsigned", 18446744073709551615.0}, ValueCase{"Huge", 1e300},
                      ValueCase{"Largest", std::numeric_limits<double>::max()},
                      ValueCase{"Lowest", std::numeric_limits<double>::lowest()},
                      ValueCase{"SmallestNormal", std::numeric_limits<double>::min()},
                      ValueCase{"SmallestDenormal", std::numeric_limits<double>::denorm_min()},
                      ValueCase{"Denormal", -1.234567890123e-310}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RenderText, EscapesLabelValuesLikeTheLibrary) {
    for (const char* value : {"", "plain", "\"", "\\", "\n", "\\n", "a\"b\\c\nd", "\"\"\\\\\n\n",
                              "tab\tand\rreturn", "Größe ✓ \u202e", "{}=,"}) {
        ClientMetric series = series_with(1);
        series.label = {{"a", value}, {"b", "x"}, {"c", value}};
        expect_like_the_library(families_with(series));
    }
}

TEST(RenderText, EscapesQuotesBackslashesAndLineBreaks) {
    MetricFamily family = {"m", "Help.", MetricType::Gauge, {ClientMetric{}}};
    family.metric[0].label = {{"a", "1\"2\\3\n4"}};
    EXPECT_EQ(render_text({family}), "# HELP m Help.\n# TYPE m gauge\nm{a=\"1\\\"2\\\\3\\n4\"} 0\n");
}

TEST(RenderText, MatchesTheLibraryWithoutLabels) {
    ClientMetric series = series_with(1.5);
    series.label.clear();
    expect_like_the_library(families_with(series));
}

TEST(RenderText, MatchesTheLibraryForHugeCounts) {
    ClientMetric series = series_with(2);
    series.histogram.sample_count = std::numeric_limits<std::uint64_t>::max();
    series.histogram.bucket = {{std::numeric_limits<std::uint64_t>::max(), infinity}};
    expect_like_the_library(families_with(series));
}

TEST(RenderText, MatchesTheLibraryForEmptyFamilies) {
    std::vector<MetricFamily> families;
    for (const MetricType type : samples::types) {
        families.push_back({"no_series", "Help with ✓.", type, {}});
    }
    expect_like_the_library(families);
    EXPECT_EQ(render_text({}), "");
}

TEST(RenderText, MatchesTheLibraryForAllPublishedFamilies) {
    expect_like_the_library(samples::collect_everything());
}

TEST(RenderText, MatchesTheLibraryForRandomInput) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        const std::vector<MetricFamily> families = samples::random_families(seed);
        ASSERT_EQ(render_text(families), render_with_library(families)) << "seed " << seed;
    }
}

/// German number formatting.
class CommaDecimals : public std::numpunct<char> {
  protected:
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

class GlobalLocale {
  public:
    explicit GlobalLocale(const std::locale& locale) : previous_(std::locale::global(locale)) {}
    GlobalLocale(const GlobalLocale&) = delete;
    GlobalLocale& operator=(const GlobalLocale&) = delete;
    ~GlobalLocale() { std::locale::global(previous_); }

  private:
    const std::locale previous_;
};

TEST(RenderText, IgnoresTheLocale) {
    const std::vector<MetricFamily> families = families_with(series_with(1234567.5));
    const std::string expected = render_text(families);
    const GlobalLocale german(std::locale(std::locale::classic(), new CommaDecimals));

    std::ostringstream localized;
    localized << 1234567.5;
    ASSERT_NE(localized.str().find(','), std::string::npos)
        << "the locale has no effect, so this test checks nothing";

    EXPECT_EQ(render_text(families), expected);
    EXPECT_NE(expected.find(" 1234567.5\n"), std::string::npos);
    expect_like_the_library(families);
}

TEST(RenderText, CollectingIgnoresTheLocale) {
    const std::string expected = render_text(samples::collect({samples::full_snapshot("o", 1)}));
    const GlobalLocale german(std::locale(std::locale::classic(), new CommaDecimals));
    EXPECT_EQ(render_text(samples::collect({samples::full_snapshot("o", 1)})), expected);
}

}  // namespace
}  // namespace exporter::metrics
