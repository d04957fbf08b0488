#include "metrics/exposition.h"

#include "metrics/catalog.h"
#include "metrics/render.h"

namespace exporter::metrics {
namespace {

constexpr std::string_view end_of_openmetrics = "# EOF\n";

/// Compresses what `render` makes of each row's family.
template <class FamilyOf>
CompressedLines compress(const FamilyOf& family_of_row,
                         std::string (*render)(const prometheus::MetricFamily&, Format)) {
    CompressedLines lines;
    Deflater deflater;
    const auto append = [&](std::string_view text) {
        const std::size_t begin = lines.deflated.size();
        const TextSum sum = deflater.append(text, lines.deflated);
        return CompressedLines::Place{begin, lines.deflated.size() - begin, sum};
    };
    lines.places.reserve(catalog().size());
    // One family after the other: of all of them together only the compressed bytes are held.
    for (const Metric& metric : catalog()) {
        const prometheus::MetricFamily family = family_of_row(metric);
        const std::string text = render(family, Format::text);
        const std::string openmetrics = render(family, Format::openmetrics);
        const CompressedLines::Place place = append(text);
        lines.places.push_back({place, openmetrics == text ? place : append(openmetrics)});
    }
    lines.deflated.shrink_to_fit();
    return lines;
}

OpenGzip join_format(std::span<const std::shared_ptr<const CompressedLines>> organizations, Format format) {
    // What describes each family of the catalog.
    static const CompressedLines headers =
        compress([](const Metric& metric) { return FamilyBuilder(metric).build(); }, render_header);
    std::vector<Fragment> parts;
    parts.reserve(catalog().size() * (1 + organizations.size()));
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const std::size_t header = parts.size();
        parts.push_back(headers.at(row, format));
        for (const auto& organization : organizations) {
            if (const Fragment lines = organization->at(row, format); lines.text.size != 0) {
                parts.push_back(lines);
            }
        }
        if (parts.size() == header + 1) {
            parts.pop_back();
        }
    }
    return open_gzip(parts);
}

}  // namespace

std::string_view content_type(Format format) {
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Fragment CompressedLines::at(std::size_t row, Format format) const {
    const Place& place = places[row][static_cast<std::size_t>(format)];
    return {std::string_view(deflated).substr(place.begin, place.size), place.text};
}

std::shared_ptr<const CompressedLines> render_lines(const Snapshot& snapshot) {
    return std::make_shared<const CompressedLines>(
        compress([&](const Metric& metric) { return family_of(metric, snapshot); }, render_samples));
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

std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const CompressedLines>> organizations) {
    return std::make_shared<const Exposition>(std::array{join_format(organizations, Format::text),
                                                         join_format(organizations, Format::openmetrics)});
}

ExpositionStore::ExpositionStore(Renderer live) : live_(std::move(live)), current_(join({})) {}

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
