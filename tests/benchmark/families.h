// What every compared server serves and what the micro benchmarks render: families of the metric contract
// with any number of series.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <vector>

namespace exporter::comparison {

/// Exactly `series` series, one line each: a quarter are scope grants, the rest the three families of
/// per-token detail, which dominate large expositions. Every call returns the same.
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(std::size_t series);

/// Returns copies of static families. A Collectable can't do less work, so this favours servers that collect
/// at each scrape.
class FixedCollectable final : public prometheus::Collectable {
  public:
    explicit FixedCollectable(std::vector<prometheus::MetricFamily> families);
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override { return families_; }

  private:
    const std::vector<prometheus::MetricFamily> families_;
};

}  // namespace exporter::comparison
