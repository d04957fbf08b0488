#include "metrics/organization_lines.h"

#include "metrics/catalog.h"
#include "metrics/render.h"

#include <algorithm>
#include <utility>

namespace exporter::metrics {
namespace {

template <class Render>
std::array<std::string, formats.size()> in_each_format(const Render& render) {
    std::array<std::string, formats.size()> lines;
    std::transform(formats.begin(), formats.end(), lines.begin(), render);
    return lines;
}

/// What describes each family of the catalog.
CompressedLines compressed_headers() {
    CompressedLines headers;
    Deflater deflater;
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const prometheus::MetricFamily family = FamilyBuilder(catalog()[row]).build();
        headers.add(row, in_each_format([&](Format format) { return render_header(family, format); }),
                    deflater);
    }
    headers.shrink();
    return headers;
}

OpenGzip join_format(std::span<const std::shared_ptr<const CompressedLines>> organizations, Format format) {
    static const CompressedLines headers = compressed_headers();
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

CompressedLines::CompressedLines() : places_(catalog().size()) {}

void CompressedLines::add(std::size_t row, const std::array<std::string, formats.size()>& lines,
                          Deflater& deflater) {
    auto& places = places_.at(row);
    for (std::size_t format = 0; format < lines.size(); ++format) {
        if (format > 0 && lines[format] == lines[format - 1]) {
            places[format] = places[format - 1];
            continue;
        }
        Place& place = places[format];
        place.begin = deflated_.size();
        place.text = deflater.append(lines[format], deflated_);
        place.size = deflated_.size() - place.begin;
    }
}

Fragment CompressedLines::at(std::size_t row, Format format) const {
    const Place& place = places_[row][static_cast<std::size_t>(format)];
    return {std::string_view(deflated_).substr(place.begin, place.size), place.text};
}

std::shared_ptr<const CompressedLines> render_lines(const Snapshot& snapshot) {
    auto lines = std::make_shared<CompressedLines>();
    Deflater deflater;
    // One family after the other: of all of them together only the compressed bytes are held.
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const prometheus::MetricFamily family = family_of(catalog()[row], snapshot);
        lines->add(row, in_each_format([&](Format format) { return render_samples(family, format); }),
                   deflater);
    }
    lines->shrink();
    return lines;
}

std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const CompressedLines>> organizations) {
    std::array<OpenGzip, formats.size()> joined;
    std::transform(formats.begin(), formats.end(), joined.begin(),
                   [&](Format format) { return join_format(organizations, format); });
    return std::make_shared<const Exposition>(std::move(joined));
}

}  // namespace exporter::metrics
