// Compressed lines by family and format: how an organization's lines are kept between its polls.
#pragma once

#include "metrics/exposition.h"
#include "metrics/gzip.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace exporter::metrics {

/// Lines of families in each format.
using Lines = std::array<std::string, formats.size()>;

/// Lines of families of the catalog, which are called by their row there.
class FamilyFragments {
  public:
    FamilyFragments();

    /// Compresses the lines of a family that has none yet. Formats with the same lines share the bytes.
    void add(std::size_t family, const Lines& lines, Deflater& deflater);
    /// Gives back the room for more.
    void shrink();

    /// A view of this object's bytes, until the next change; empty where there are no lines.
    [[nodiscard]] Fragment at(std::size_t family, Format format) const;

    /// Bytes of memory that are held.
    [[nodiscard]] std::size_t memory() const;

  private:
    struct Place {
        std::size_t begin = 0;
        std::size_t size = 0;
        TextSum text;
    };
    [[nodiscard]] std::uint16_t compress(const std::string& lines, Deflater& deflater);

    std::string deflated_;
    std::vector<Place> places_;                                         ///< the first: of no lines
    std::vector<std::array<std::uint16_t, formats.size()>> by_family_;  ///< indices of places_
};

}  // namespace exporter::metrics
