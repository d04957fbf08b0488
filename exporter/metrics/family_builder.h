// How the collectables write families: names, types and label names come from the catalog, so that code can't
// drift from it.
#pragma once

#include "metrics/catalog.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace exporter::metrics {

class FamilyBuilder {
  public:
    /// @param description must outlive the builder, as the catalog's rows do
    explicit FamilyBuilder(const FamilyDescription& description);

    /// Room for `series` more.
    void reserve_more(std::size_t series);

    /// One series of a counter or gauge; `label_values` in the catalog's order, all of them.
    void add(std::initializer_list<std::string_view> label_values, double value);
    void add(std::initializer_list<std::string_view> label_values,
             prometheus::ClientMetric::Histogram histogram);

    [[nodiscard]] bool empty() const { return family_.metric.empty(); }
    [[nodiscard]] prometheus::MetricFamily build() && { return std::move(family_); }

  private:
    prometheus::ClientMetric& add_labelled(std::initializer_list<std::string_view> label_values);

    const FamilyDescription& description_;
    prometheus::MetricFamily family_;
};

}  // namespace exporter::metrics
