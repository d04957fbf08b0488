// The metric contract as one table: each row has a metric's name, type, help, labels and the function that
// fills it, in publishing order. A new metric is a new row in catalog.cpp.
#pragma once

#include "metrics/collectables.h"

#include <prometheus/metric_type.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <variant>

namespace exporter::metrics {

/// Counted from a listing: absent before the first complete one and when the inventory is stale.
using FillFromInventory = void (*)(const inventory::Inventory&, FamilyBuilder&);
using FillFromPolls = void (*)(const scan::Statistics&, FamilyBuilder&);
using FillFromExporter = void (*)(const ExporterStatus&, FamilyBuilder&);

struct Metric {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view help;  ///< of a metric from the inventory, " As of the last complete poll." follows
    std::variant<FillFromInventory, FillFromPolls, FillFromExporter> fill;
    std::array<std::string_view, 5> labels = {};  ///< after `org`; without a histogram's `le`

    [[nodiscard]] std::span<const std::string_view> label_names() const {
        return {labels.begin(), std::ranges::find(labels, std::string_view())};
    }
    [[nodiscard]] bool is_from_inventory() const { return fill.index() == 0; }
    /// False: of the exporter itself.
    [[nodiscard]] bool has_org() const { return !std::holds_alternative<FillFromExporter>(fill); }
};

[[nodiscard]] std::span<const Metric> catalog();

}  // namespace exporter::metrics
