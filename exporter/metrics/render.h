// From families to the lines of an exposition. Knows the types that the catalog has: counters, gauges (one
// whose name ends in `_info` is an info in OpenMetrics) and histograms that end with the bucket `+Inf`.
#pragma once

#include "metrics/exposition.h"

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace exporter::metrics {

/// The lines of `families` in `format`. Text is the same bytes as prometheus::TextSerializer's, faster and
/// without a locale. OpenMetrics holds the same samples, without `# EOF`; a name that ends in a unit says so
/// in
/// `# UNIT`.
[[nodiscard]] std::string render(const std::vector<prometheus::MetricFamily>& families, Format format);

/// The two parts of what `render` makes of a family: the lines that describe it, and those of its samples.
[[nodiscard]] std::string render_header(const prometheus::MetricFamily& family, Format format);
[[nodiscard]] std::string render_samples(const prometheus::MetricFamily& family, Format format);

}  // namespace exporter::metrics
