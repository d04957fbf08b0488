#include "metrics/exposition.h"

#include <array>
#include <utility>

namespace exporter::metrics {
namespace {

constexpr std::string_view end_of_openmetrics = "# EOF\n";

}  // namespace

std::string_view content_type(Format format) {
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Body Exposition::body(std::string_view live, Format format, Encoding encoding) const {
    std::string tail(live);
    if (format == Format::openmetrics) {
        tail += end_of_openmetrics;
    }
    if (encoding == Encoding::identity) {
        return {text(format), std::move(tail)};
    }
    const OpenGzip& stored = stored_.at(static_cast<std::size_t>(format));
    return {stored.bytes, gzip_ending(stored, tail)};
}

std::shared_ptr<const std::string> Exposition::text(Format format) const {
    const auto index = static_cast<std::size_t>(format);
    const std::lock_guard lock(unpacking_);
    std::shared_ptr<const std::string>& text = texts_.at(index);
    if (!text) {
        text = std::make_shared<const std::string>(text_of(stored_.at(index)));
    }
    return text;
}

ExpositionStore::ExpositionStore(Renderer live)
    : live_(std::move(live)),
      current_(std::make_shared<const Exposition>(std::array{open_gzip({}), open_gzip({})})) {}

void ExpositionStore::publish(std::shared_ptr<const Exposition> exposition) {
    const std::lock_guard lock(mutex_);
    // The old one leaves with the parameter: after the lock, so that no scrape waits for its memory to be
    // freed.
    std::swap(current_, exposition);
}

Body ExpositionStore::scrape(Format format, Encoding encoding) const {
    const auto current = [this] {
        const std::lock_guard lock(mutex_);
        return current_;
    }();
    return current->body(live_(format), format, encoding);
}

}  // namespace exporter::metrics
