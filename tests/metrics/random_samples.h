// Families and organizations at random, for laws that hold for all.
#pragma once

#include "metrics/catalog.h"

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <vector>

namespace exporter::metrics::samples {

/// Those that the catalog has.
inline constexpr std::array types = {prometheus::MetricType::Counter, prometheus::MetricType::Gauge,
                                     prometheus::MetricType::Histogram};

/// Of all types, with every bit pattern of a finite double and labels of awkward characters.
[[nodiscard]] std::vector<prometheus::MetricFamily> random_families(std::uint64_t seed);

/// Up to six organizations: never polled, failed, without inventory, with few or many scopes, with and
/// without detail; with names that need escaping among theirs.
[[nodiscard]] std::vector<Snapshot> random_snapshots(std::uint64_t seed);

}  // namespace exporter::metrics::samples
