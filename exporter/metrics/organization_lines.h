// The exposition in two steps, so that a poll costs what its own organization has: the lines of one
// organization are rendered and compressed after its poll, and an exposition is a copy of everyone's
// compressed lines. No text is kept.
//
// The law: what is joined is, byte for byte, `render` of `OrganizationsCollectable` of the same snapshots.
#pragma once

#include "metrics/collectables.h"
#include "metrics/exposition.h"
#include "metrics/family_fragments.h"

#include <prometheus/metric_family.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace exporter::metrics {

/// The sample lines of one organization at one moment, compressed. Immutable.
class OrganizationLines {
  public:
    explicit OrganizationLines(const Snapshot& snapshot);

    /// Of the family in a row of the catalog, without what describes the family; empty where this
    /// organization has no series. A view of this object's bytes.
    [[nodiscard]] Fragment at(std::size_t family, Format format) const {
        return fragments_.at(family, format);
    }
    /// Bytes of memory that are held.
    [[nodiscard]] std::size_t memory() const { return fragments_.memory(); }

  private:
    FamilyFragments fragments_;
};

/// Collects, renders and compresses: what follows a poll. Thread-safe, as it knows nothing but its argument.
[[nodiscard]] std::shared_ptr<const OrganizationLines> render_lines(const Snapshot& snapshot);

/// The exposition of these organizations, in their order, and of `more`, families that are in none of them.
/// @param organizations none is null; not needed afterwards
[[nodiscard]] std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const OrganizationLines>> organizations,
    const std::vector<prometheus::MetricFamily>& more);

}  // namespace exporter::metrics
