#include "metrics/organization_lines.h"

#include "metrics/catalog.h"
#include "metrics/families.h"

#include <algorithm>
#include <string>
#include <utility>

namespace exporter::metrics {
namespace {

using prometheus::MetricFamily;

template <class Render>
Lines in_each_format(const Render& render) {
    Lines lines;
    std::transform(formats.begin(), formats.end(), lines.begin(), render);
    return lines;
}

std::size_t row_of(const MetricFamily& family) {
    return static_cast<std::size_t>(&describe(family.name) - catalog().data());
}

/// What describes each family of the catalog.
FamilyFragments compressed_headers() {
    FamilyFragments headers;
    Deflater deflater;
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const MetricFamily family = FamilyBuilder(catalog()[row]).build();
        headers.add(row, in_each_format([&](Format format) { return render_header(family, format); }),
                    deflater);
    }
    headers.shrink();
    return headers;
}

const FamilyFragments& headers() {
    static const FamilyFragments headers = compressed_headers();
    return headers;
}

OpenGzip join_format(std::span<const std::shared_ptr<const OrganizationLines>> organizations,
                     const Fragment& more, Format format) {
    std::vector<Fragment> parts;
    parts.reserve(catalog().size() * (1 + organizations.size()) + 1);
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const std::size_t header = parts.size();
        parts.push_back(headers().at(row, format));
        for (const auto& organization : organizations) {
            if (const Fragment lines = organization->at(row, format); lines.text.size != 0) {
                parts.push_back(lines);
            }
        }
        if (parts.size() == header + 1) {
            parts.pop_back();
        }
    }
    parts.push_back(more);
    return open_gzip(parts);
}

}  // namespace

OrganizationLines::OrganizationLines(const Snapshot& snapshot) {
    Deflater deflater;
    // One family after the other: of all of them together only the compressed bytes are held.
    for_each_family({&snapshot, 1}, [&](const MetricFamily& family) {
        fragments_.add(row_of(family),
                       in_each_format([&](Format format) { return render_samples(family, format); }),
                       deflater);
    });
    fragments_.shrink();
}

std::shared_ptr<const OrganizationLines> render_lines(const Snapshot& snapshot) {
    return std::make_shared<const OrganizationLines>(snapshot);
}

std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const OrganizationLines>> organizations,
    const std::vector<MetricFamily>& more) {
    Deflater deflater;
    std::array<OpenGzip, formats.size()> joined;
    std::transform(formats.begin(), formats.end(), joined.begin(), [&](Format format) {
        std::string deflated;
        const TextSum text = deflater.append(render(more, format), deflated);
        return join_format(organizations, {deflated, text}, format);
    });
    return std::make_shared<const Exposition>(std::move(joined));
}

}  // namespace exporter::metrics
