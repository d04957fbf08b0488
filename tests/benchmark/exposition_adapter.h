// Everything the benchmarks know about how the exporter builds its exposition and negotiates a format. If
// that interface changes, only this file has to change.
#pragma once

#include "http/request.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "support/exposition.h"

#include <prometheus/collectable.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::comparison {

[[nodiscard]] inline std::string rendered(const std::vector<prometheus::MetricFamily>& families) {
    return metrics::render(families, metrics::Format::text);
}

/// What a poll publishes, rendered and compressed.
[[nodiscard]] inline std::shared_ptr<const metrics::Exposition> exposition_of(
    const std::vector<prometheus::MetricFamily>& families) {
    return testing::exposition_of(
        [&families](metrics::Format format) { return metrics::render(families, format); });
}

/// The exporter's own metrics as a Collectable, for prometheus-cpp's `Exposer`.
class ExporterCollectable final : public prometheus::Collectable {
  public:
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        return metrics::families_of(
            {"1.2.3", "0123456789ab", "GNU 12.2.0", 0, {}, metrics::read_process({})});
    }
};

[[nodiscard]] inline std::shared_ptr<ExporterCollectable> exporter_metrics() {
    return std::make_shared<ExporterCollectable>();
}

/// A store with the same live part as the program's.
[[nodiscard]] inline std::unique_ptr<metrics::ExpositionStore> make_store() {
    return std::make_unique<metrics::ExpositionStore>(
        [exporter = exporter_metrics()](metrics::Format format) {
            return metrics::render(exporter->Collect(), format);
        });
}

[[nodiscard]] inline metrics::Body scrape(const metrics::ExpositionStore& store, bool gzip) {
    return store.scrape(metrics::Format::text, gzip ? metrics::Encoding::gzip : metrics::Encoding::identity);
}

/// Whether a scrape with these headers gets gzip. Runs the whole negotiation.
[[nodiscard]] inline bool negotiated_gzip(std::string_view accept, std::string_view accept_encoding) {
    constexpr std::array<http::MediaType, 2> offers = {
        {{"text/plain", "0.0.4"}, {"application/openmetrics-text", "1.0.0"}}};
    return http::preferred_type(accept, offers) == 0 && http::prefers_gzip(accept_encoding);
}

}  // namespace exporter::comparison
