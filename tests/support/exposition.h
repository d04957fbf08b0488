// An exposition of arbitrary text. Tests only: the program joins fragments that organizations have
// compressed.
#pragma once

#include "metrics/exposition.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

namespace exporter::testing {

/// Calls `render` once for each format.
[[nodiscard]] inline std::shared_ptr<const metrics::Exposition> exposition_of(
    const metrics::Renderer& render) {
    metrics::Deflater deflater;
    std::array<metrics::OpenGzip, metrics::formats.size()> stored;
    std::transform(metrics::formats.begin(), metrics::formats.end(), stored.begin(),
                   [&](metrics::Format format) {
                       std::string deflated;
                       const metrics::TextSum text = deflater.append(render(format), deflated);
                       const metrics::Fragment whole = {deflated, text};
                       return metrics::open_gzip({&whole, 1});
                   });
    return std::make_shared<const metrics::Exposition>(std::move(stored));
}

}  // namespace exporter::testing
