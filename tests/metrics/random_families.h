// Families that nobody would publish, for laws that hold for all.
#pragma once

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

}  // namespace exporter::metrics::samples
