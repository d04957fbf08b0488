// Metric families of the catalog, for tests and benchmarks.
#pragma once

#include "metrics/catalog.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::testing {

/// The catalog's row for a metric, which must exist.
[[nodiscard]] inline const metrics::Metric& row_of(std::string_view name) {
    const auto catalog = metrics::catalog();
    const auto row = std::ranges::find(catalog, name, &metrics::Metric::name);
    if (row == catalog.end()) {
        throw std::invalid_argument(std::string(name));
    }
    return *row;
}

/// Each family once, with its series ordered by organization. Tests compare joined expositions with it.
[[nodiscard]] inline std::vector<prometheus::MetricFamily> collect(
    const std::vector<metrics::Snapshot>& snapshots) {
    std::vector<prometheus::MetricFamily> families;
    for (const metrics::Metric& metric : metrics::catalog()) {
        prometheus::MetricFamily all = metrics::FamilyBuilder(metric).build();
        for (const metrics::Snapshot& snapshot : snapshots) {
            auto family = metrics::family_of(metric, snapshot);
            std::move(family.metric.begin(), family.metric.end(), std::back_inserter(all.metric));
        }
        if (!all.metric.empty()) {
            families.push_back(std::move(all));
        }
    }
    return families;
}

}  // namespace exporter::testing
