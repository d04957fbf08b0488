// All that the benchmarks know of how the exporter makes its exposition and chooses among its forms: where
// that interface changes, this file follows.
#pragma once

#include "metrics/collectables.h"
#include "metrics/exposition.h"
#include "web/routes.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::comparison {

[[nodiscard]] inline std::string rendered(const std::vector<prometheus::MetricFamily>& families) {
    return metrics::render_text(families);
}

/// What a poll publishes: rendered and compressed.
[[nodiscard]] inline std::shared_ptr<const metrics::Exposition> exposition_of(
    const std::vector<prometheus::MetricFamily>& families) {
    return std::make_shared<const metrics::Exposition>(rendered(families));
}

/// A store with the program's own live part.
[[nodiscard]] inline std::unique_ptr<metrics::ExpositionStore> make_store() {
    return std::make_unique<metrics::ExpositionStore>(
        [] { return rendered(metrics::ProcessCollectable().Collect()); });
}

[[nodiscard]] inline metrics::Body scrape(const metrics::ExpositionStore& store, bool gzip) {
    return store.scrape(gzip ? metrics::Encoding::gzip : metrics::Encoding::identity);
}

/// Whether a scrape with these headers is answered with gzip; the whole negotiation.
[[nodiscard]] inline bool negotiated_gzip([[maybe_unused]] std::string_view accept,
                                          std::string_view accept_encoding) {
    return web::accepts_gzip(accept_encoding);
}

}  // namespace exporter::comparison
