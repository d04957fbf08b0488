// Snapshots to publish, and helpers to query the collected families.
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

/// Shows every count of every pair, including zeros.
void show_everything(inventory::Inventory& inventory);
/// Also shows every count above zero.
void show_what_is_above_zero(inventory::Inventory& inventory);

/// A listing without tokens, with two or three buckets in each scheme.
[[nodiscard]] inventory::Inventory empty_inventory();
/// A listing with a sample of everything an inventory can hold, including unknown token and owner types.
[[nodiscard]] inventory::Inventory full_inventory(std::uint64_t seed);
/// Poll statistics with every field set.
[[nodiscard]] scan::Statistics full_statistics(std::uint64_t seed);

[[nodiscard]] Snapshot snapshot_of(std::string org, inventory::Inventory inventory);
[[nodiscard]] Snapshot full_snapshot(std::string org, std::uint64_t seed);
/// A few tokens, easy to count by hand.
[[nodiscard]] Snapshot small_snapshot();

/// The exporter's status with every field set.
[[nodiscard]] ExporterStatus exporter_status();
/// Every family the program can publish, for two full organizations and the exporter itself.
[[nodiscard]] std::vector<prometheus::MetricFamily> collect_everything();

/// nullptr: the family is not published.
[[nodiscard]] const prometheus::MetricFamily* find(const std::vector<prometheus::MetricFamily>& families,
                                                   std::string_view name);
[[nodiscard]] Labels labels_of(const prometheus::ClientMetric& series);
[[nodiscard]] double value_of(const prometheus::MetricFamily& family, const prometheus::ClientMetric& series);
/// The value of the series with exactly these labels; nullopt: no such series.
[[nodiscard]] std::optional<double> value(const std::vector<prometheus::MetricFamily>& families,
                                          std::string_view name, const Labels& labels);
/// Number of series; 0 if the family is not published.
[[nodiscard]] std::size_t series_count(const std::vector<prometheus::MetricFamily>& families,
                                       std::string_view name);
/// The sum over the series whose labels include `labels`.
[[nodiscard]] double sum(const std::vector<prometheus::MetricFamily>& families, std::string_view name,
                         const Labels& labels);

}  // namespace exporter::metrics::samples
