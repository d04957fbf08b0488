#include "metrics/family_builder.h"

#include <cassert>
#include <string>
#include <utility>

namespace exporter::metrics {

FamilyBuilder::FamilyBuilder(const FamilyDescription& description) : description_(description) {
    family_.name = description.name;
    family_.help = description.help;
    family_.type = description.type;
}

void FamilyBuilder::reserve_more(std::size_t series) {
    family_.metric.reserve(family_.metric.size() + series);
}

void FamilyBuilder::add(std::initializer_list<std::string_view> label_values, double value) {
    assert(description_.type == prometheus::MetricType::Counter ||
           description_.type == prometheus::MetricType::Gauge);
    prometheus::ClientMetric& series = add_labelled(label_values);
    if (description_.type == prometheus::MetricType::Counter) {
        series.counter.value = value;
    } else {
        series.gauge.value = value;
    }
}

void FamilyBuilder::add(std::initializer_list<std::string_view> label_values,
                        prometheus::ClientMetric::Histogram histogram) {
    assert(description_.type == prometheus::MetricType::Histogram);
    add_labelled(label_values).histogram = std::move(histogram);
}

prometheus::ClientMetric& FamilyBuilder::add_labelled(std::initializer_list<std::string_view> label_values) {
    assert(label_values.size() == description_.labels.size());
    prometheus::ClientMetric& series = family_.metric.emplace_back();
    series.label.reserve(label_values.size());
    auto name = description_.labels.begin();
    for (const std::string_view value : label_values) {
        series.label.push_back({std::string(*name), std::string(value)});
        ++name;
    }
    return series;
}

}  // namespace exporter::metrics
