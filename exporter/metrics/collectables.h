// metrics/: inventory and poll statistics as prometheus-cpp families, process metrics, and the exposition.
//
// Collecting changes nothing: two collections of the same snapshot give the same bytes, and series come in a
// fixed order.
#pragma once

#include "inventory/inventory.h"
#include "metrics/exposition.h"
#include "scan/statistics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::metrics {

/// One organization at one moment.
struct Snapshot {
    std::string org;                                        ///< the `org` label
    std::shared_ptr<const inventory::Inventory> inventory;  ///< null: none yet, or too old to be shown
    scan::Statistics statistics;
};

/// The families of the metric contract for a set of organizations, each family once, its series organization
/// by organization. Histograms and counters included; `process_*` and `build_info` are not.
class OrganizationsCollectable final : public prometheus::Collectable {
  public:
    explicit OrganizationsCollectable(std::vector<Snapshot> snapshots);
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    const std::vector<Snapshot> snapshots_;
};

/// `datadog_access_token_exporter_build_info`.
class BuildInfoCollectable final : public prometheus::Collectable {
  public:
    BuildInfoCollectable(std::string version, std::string revision, std::string compiler);
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    const std::string version_;
    const std::string revision_;
    const std::string compiler_;
};

/// `datadog_access_token_exporter_log_lines_dropped_total`.
class LogCollectable final : public prometheus::Collectable {
  public:
    explicit LogCollectable(std::uint64_t lines_dropped) : lines_dropped_(lines_dropped) {}
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    const std::uint64_t lines_dropped_;
};

/// The standard `process_*` families (CPU, memory, file descriptors, start time), read from /proc at each
/// collection; the start time only once. What can't be read is left out.
class ProcessCollectable final : public prometheus::Collectable {
  public:
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
};

/// The lines of `families` in `format`. Text is the same bytes as prometheus::TextSerializer's, faster and
/// without a locale. OpenMetrics holds the same samples, and no `# EOF` yet: a gauge whose name ends in
/// `_info` is an info, a name that ends in a unit says so in `# UNIT`.
[[nodiscard]] std::string render(const std::vector<prometheus::MetricFamily>& families, Format format);

/// The two parts of what `render` makes of a family: the lines that describe it, and those of its samples.
[[nodiscard]] std::string render_header(const prometheus::MetricFamily& family, Format format);
[[nodiscard]] std::string render_samples(const prometheus::MetricFamily& family, Format format);

}  // namespace exporter::metrics
