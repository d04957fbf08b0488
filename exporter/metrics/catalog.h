// The metric contract as one table: every family's name, type, help and labels, in publishing order. README,
// dashboards and rules are checked against it.
#pragma once

#include <prometheus/metric_type.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::metrics {

struct FamilyDescription {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view help;
    std::vector<std::string_view> labels;  ///< in publishing order; `le` of histograms is not listed
    bool inventory;                        ///< counted from a listing: absent before the first and when stale
};

/// Every family of the program but the standard `process_*`.
[[nodiscard]] std::span<const FamilyDescription> catalog();

/// The row of `name`. The name must be in the table.
[[nodiscard]] const FamilyDescription& describe(std::string_view name);

}  // namespace exporter::metrics
