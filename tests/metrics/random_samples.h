// Random families and organizations, for properties that hold for all.
#pragma once

#include "metrics/catalog.h"

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <vector>

namespace exporter::metrics::samples {

/// The types in the catalog.
inline constexpr std::array types = {prometheus::MetricType::Counter, prometheus::MetricType::Gauge,
                                     prometheus::MetricType::Histogram};

/// Families of all types, with any bit pattern of a finite double, and labels with awkward characters.
[[nodiscard]] std::vector<prometheus::MetricFamily> random_families(std::uint64_t seed);

/// Up to six organizations: never polled, failed, without inventory, with few or many scopes, with and
/// without detail. Some names need escaping.
[[nodiscard]] std::vector<Snapshot> random_snapshots(std::uint64_t seed);

}  // namespace exporter::metrics::samples
