#include "metrics/random_samples.h"

#include "metrics/samples.h"

#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace exporter::metrics::samples {

namespace {

using inventory::Inventory;
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

class RandomSnapshot {
  public:
    explicit RandomSnapshot(std::uint64_t seed) : engine_(seed) {}

    Snapshot of(std::string org) {
        if (one_in(6)) {
            return {std::move(org), nullptr, {}};
        }
        Snapshot snapshot = {std::move(org), nullptr, statistics()};
        if (!one_in(4)) {
            snapshot.inventory = std::make_shared<const Inventory>(inventory());
        }
        return snapshot;
    }

  private:
    bool one_in(std::uint64_t count) { return engine_() % count == 0; }

    scan::Statistics statistics() {
        scan::Statistics statistics = one_in(5) ? scan::Statistics{} : full_statistics(engine_());
        if (one_in(2)) {
            statistics.listing.reset();
        }
        if (one_in(2)) {
            statistics.requests.clear();
        }
        if (one_in(2)) {
            statistics.rate_limit.reset();
            statistics.rate_limit_reset.reset();
        }
        return statistics;
    }

    Inventory inventory() {
        Inventory inventory = one_in(5) ? empty_inventory() : full_inventory(engine_());
        inventory.leaks_reported = one_in(2);
        if (one_in(2)) {
            inventory.details.clear();
        }
        if (one_in(2)) {
            inventory.credential_expiry.reset();
        }
        if (one_in(3)) {
            inventory.scope_grants.clear();
        }
        for (std::uint64_t scopes = engine_() % 20; scopes > 0; --scopes) {
            inventory.scope_grants.push_back(
                {"scope_" + std::to_string(scopes), full_inventory(engine_()).by_expiry});
        }
        return inventory;
    }

    std::mt19937_64 engine_;
};

}  // namespace

std::vector<MetricFamily> random_families(std::uint64_t seed) {
    return RandomFamilies(seed).families();
}

std::vector<Snapshot> random_snapshots(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Snapshot> snapshots;
    for (std::uint64_t count = random() % 7; count > 0; --count) {
        const std::string quote = random() % 3 == 0 ? "\"" : "";
        snapshots.push_back(RandomSnapshot(random()).of("organization " + quote + std::to_string(count)));
    }
    return snapshots;
}

}  // namespace exporter::metrics::samples
