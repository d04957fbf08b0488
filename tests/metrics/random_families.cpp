#include "metrics/random_families.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace exporter::metrics::samples {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

class RandomFamilies {
  public:
    explicit RandomFamilies(std::uint64_t seed) : engine_(seed) {}

    std::vector<MetricFamily> families() {
        std::vector<MetricFamily> families(below(6));
        for (MetricFamily& family : families) {
            family.name = "name_" + std::to_string(below(100));
            family.help = "Help " + std::to_string(engine_());
            family.type = types[below(types.size())];
            family.metric.resize(below(8));
            for (ClientMetric& series : family.metric) {
                fill(series);
            }
        }
        return families;
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

    double number() {
        switch (below(4)) {
            case 0:
                return finite(std::bit_cast<double>(engine_()));
            case 1:
                return static_cast<double>(below(std::uint64_t{1} << 53));
            case 2:
                return static_cast<double>(below(1'000'000'000)) / 1000;
            default:
                return std::bit_cast<double>(below(std::uint64_t{1} << 52));  // denormal
        }
    }

    static double finite(double number) { return std::isfinite(number) ? number : 0; }

    std::string text() {
        constexpr std::string_view characters = "ab\"\\\n{},= \t";
        std::string text(below(12), ' ');
        for (char& c : text) {
            c = characters[below(characters.size())];
        }
        return text;
    }

    void fill(ClientMetric& series) {
        series.label.resize(below(4));
        for (ClientMetric::Label& label : series.label) {
            label = {"l" + std::to_string(below(10)), text()};
        }
        series.counter.value = number();
        series.gauge.value = number();
        series.histogram.sample_count = engine_();
        series.histogram.sample_sum = number();
        series.histogram.bucket.resize(1 + below(4));
        for (ClientMetric::Bucket& bucket : series.histogram.bucket) {
            bucket = {engine_(), number()};
        }
        series.histogram.bucket.back().upper_bound = std::numeric_limits<double>::infinity();
    }

    std::mt19937_64 engine_;
};

}  // namespace

std::vector<MetricFamily> random_families(std::uint64_t seed) {
    return RandomFamilies(seed).families();
}

}  // namespace exporter::metrics::samples
