// The exposition in two steps, so that a poll costs what its own organization has: the lines of one
// organization are rendered and compressed after its poll, and an exposition is a copy of everyone's
// compressed lines. No text is kept.
//
// The law: what is joined is, byte for byte, `render` of each metric's series, organization by organization.
#pragma once

#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "metrics/gzip.h"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace exporter::metrics {

/// Lines of metrics of the catalog, compressed one metric at a time; a metric is named by its row.
class CompressedLines {
  public:
    CompressedLines();

    /// Compresses the lines, by format, of a metric that has none yet. Formats with the same lines share the
    /// bytes.
    void add(std::size_t row, const std::array<std::string, formats.size()>& lines, Deflater& deflater);
    /// Gives back the room for more.
    void shrink() { deflated_.shrink_to_fit(); }

    /// A view of this object's bytes, until the next change; empty where there are no lines.
    [[nodiscard]] Fragment at(std::size_t row, Format format) const;

  private:
    struct Place {
        std::size_t begin = 0;
        std::size_t size = 0;
        TextSum text;
    };

    std::string deflated_;
    std::vector<std::array<Place, formats.size()>> places_;  ///< by row and format
};

/// The sample lines of one organization, without what describes the families: what follows a poll.
/// Thread-safe.
[[nodiscard]] std::shared_ptr<const CompressedLines> render_lines(const Snapshot& snapshot);

/// The exposition of these organizations, in their order.
/// @param organizations none is null; not needed afterwards
[[nodiscard]] std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const CompressedLines>> organizations);

}  // namespace exporter::metrics
