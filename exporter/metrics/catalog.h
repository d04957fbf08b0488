// metrics/: what the program publishes. In: an organization's inventory and polls (`Snapshot`) and the
// exporter's own state (`ExporterStatus`). Out: an `Exposition` in text and OpenMetrics format, rendered and
// compressed once per poll, from prometheus-cpp's `MetricFamily`. It knows nothing about HTTP, the clock or
// Datadog's API.
//
// The metric contract is one table: each row has a metric's name, type, help, labels and the function that
// fills it, in publishing order. A new metric is a new row in catalog.cpp.
//
// Collecting changes nothing: two collections of the same snapshot give the same bytes, and series have a
// fixed order.
#pragma once

#include "inventory/inventory.h"
#include "scan/statistics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace exporter::metrics {

/// One organization at one moment.
struct Snapshot {
    std::string org;                                        ///< the `org` label
    std::shared_ptr<const inventory::Inventory> inventory;  ///< null: none yet, or too old to show
    scan::Statistics statistics;
};

/// The outcome of reloading a file while the program runs.
struct Reload {
    bool was_successful = false;
    std::optional<base::Timestamp> last_success;
};

/// By the value of the `file` label, such as `web`.
using ReloadsByFile = std::map<std::string, Reload>;

/// Records the outcomes; reading a file at startup counts as its first reload. Thread-safe.
class Reloads {
  public:
    void succeeded(const std::string& file, base::Timestamp now);
    void failed(const std::string& file);

    /// Omits files that were never read.
    [[nodiscard]] ReloadsByFile by_file() const;

  private:
    mutable std::mutex mutex_;
    ReloadsByFile files_;  ///< protected by mutex_
};

/// The kernel's data on this process, for the standard `process_*` metrics. Unreadable values are absent.
struct Process {
    std::optional<std::chrono::duration<double>> cpu_time;  ///< user and system time
    std::optional<std::size_t> open_fds;
    std::optional<std::uint64_t> max_fds;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<base::Timestamp> started;
};

/// @param started when the program started; more exact than the kernel's value, which is based on a boot time
/// in whole seconds
[[nodiscard]] Process read_process(base::Timestamp started);

/// Number of open file descriptors of this process. Fast if the kernel knows it (the size of `/proc/self/fd`
/// since Linux 6.2), otherwise by enumeration. Every scrape counts them, and thousands of connections may be
/// open.
[[nodiscard]] std::optional<std::size_t> count_open_descriptors();

/// The same on any kernel, in linear time.
[[nodiscard]] std::optional<std::size_t> enumerate_open_descriptors();

/// The exporter itself at one moment.
struct ExporterStatus {
    std::string version;
    std::string revision;
    std::string compiler;
    std::uint64_t log_lines_dropped = 0;
    ReloadsByFile reloads;
    Process process;
};

class FamilyBuilder;

/// Uses the inventory: no series before the first complete listing or if the inventory is stale.
using FillFromInventory = void (*)(const inventory::Inventory&, FamilyBuilder&);
using FillFromPolls = void (*)(const scan::Statistics&, FamilyBuilder&);
using FillFromExporter = void (*)(const ExporterStatus&, FamilyBuilder&);

/// Label names; empty ones at the end are ignored.
using LabelNames = std::array<std::string_view, 6>;

struct Metric {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view help;  ///< for gauges from the inventory, " As of the last complete poll." is appended
    std::variant<FillFromInventory, FillFromPolls, FillFromExporter> fill;
    LabelNames labels = {};  ///< after `org`; without a histogram's `le`

    [[nodiscard]] std::span<const std::string_view> label_names() const {
        return {labels.begin(), std::ranges::find(labels, std::string_view())};
    }
    [[nodiscard]] bool is_from_inventory() const { return fill.index() == 0; }
    /// False: a metric of the exporter itself.
    [[nodiscard]] bool has_org() const { return !std::holds_alternative<FillFromExporter>(fill); }
};

[[nodiscard]] std::span<const Metric> catalog();

/// Collects the series of a row's function. Names and types come from the row, so code and table can't
/// diverge.
class FamilyBuilder {
  public:
    /// All label values of the row, in its order.
    using LabelValues = std::initializer_list<std::string_view>;

    /// @param metric must outlive the builder, like the catalog's rows
    /// @param org the first label of every series, except for metrics of the exporter itself
    explicit FamilyBuilder(const Metric& metric, std::string_view org = {});

    void reserve(std::size_t series) { family_.metric.reserve(series); }

    /// Adds one series of a counter or gauge.
    void add(LabelValues label_values, double value);
    template <std::integral Integer>
    void add(LabelValues label_values, Integer value) {
        add(label_values, static_cast<double>(value));
    }
    void add(LabelValues label_values, std::chrono::duration<double> time) {
        add(label_values, time.count());
    }
    /// A Unix time in seconds, with fractions.
    void add(LabelValues label_values, base::Timestamp moment) {
        add(label_values, moment.time_since_epoch());
    }
    /// Adds no series if there is no value.
    template <class Value>
    void add(LabelValues label_values, const std::optional<Value>& value) {
        if (value) {
            add(label_values, *value);
        }
    }
    void add(LabelValues label_values, prometheus::ClientMetric::Histogram histogram);

    [[nodiscard]] prometheus::MetricFamily build() && { return std::move(family_); }

  private:
    prometheus::ClientMetric& add_series(LabelValues label_values);

    const Metric& metric_;
    const std::string_view org_;
    prometheus::MetricFamily family_;
};

/// The family of a row with the series of one organization. A family without series is not published.
[[nodiscard]] prometheus::MetricFamily family_of(const Metric& metric, const Snapshot& snapshot);

/// Every family about the exporter itself that has series.
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const ExporterStatus& exporter);

}  // namespace exporter::metrics
