// Snapshots to publish, and small questions to ask of what was collected.
#pragma once

#include "metrics/catalog.h"
#include "support/families.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::metrics::samples {

using testing::collect;
using testing::row_of;
using Labels = std::map<std::string, std::string>;

/// 2025-06-15T12:00:00Z
inline constexpr base::Timestamp noon{std::chrono::seconds(1'749'988'800)};

/// Every count of every pair, zeros too.
void show_everything(inventory::Inventory& inventory);
/// What is above zero, beside what is shown already.
void show_what_is_above_zero(inventory::Inventory& inventory);

/// A listing without a token; two or three buckets in each scheme.
[[nodiscard]] inventory::Inventory empty_inventory();
/// A listing with something of everything that an inventory can hold, odd token and owner types included.
[[nodiscard]] inventory::Inventory full_inventory(std::uint64_t seed);
/// Polls with something of everything that statistics can hold.
[[nodiscard]] scan::Statistics full_statistics(std::uint64_t seed);

[[nodiscard]] Snapshot snapshot_of(std::string org, inventory::Inventory inventory);
[[nodiscard]] Snapshot full_snapshot(std::string org, std::uint64_t seed);
/// A few tokens, as a person would count them.
[[nodiscard]] Snapshot small_snapshot();

/// The exporter's state, with something of everything.
[[nodiscard]] ExporterStatus exporter_status();
/// Every family that the program can publish: two full organizations and the exporter itself.
[[nodiscard]] std::vector<prometheus::MetricFamily> collect_everything();

/// nullptr: not published.
[[nodiscard]] const prometheus::MetricFamily* find(const std::vector<prometheus::MetricFamily>& families,
                                                   std::string_view name);
[[nodiscard]] Labels labels_of(const prometheus::ClientMetric& series);
[[nodiscard]] double value_of(const prometheus::MetricFamily& family, const prometheus::ClientMetric& series);
/// The value of the one series with exactly these labels; nullopt: there is none.
[[nodiscard]] std::optional<double> value(const std::vector<prometheus::MetricFamily>& families,
                                          std::string_view name, const Labels& labels);
/// Number of series; 0 when the family is not published.
[[nodiscard]] std::size_t series_count(const std::vector<prometheus::MetricFamily>& families,
                                       std::string_view name);
/// Over the series that have `labels` among theirs.
[[nodiscard]] double sum(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
                         const Labels& labels);

}  // namespace exporter::metrics::samples
