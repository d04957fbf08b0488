// Which family is written by what: the seam between `OrganizationsCollectable` and the files that know a
// subject.
#pragma once

#include "metrics/collectables.h"
#include "metrics/family_builder.h"

#include <chrono>
#include <functional>
#include <span>
#include <string_view>

namespace exporter::metrics {

struct FamilyWriter {
    std::string_view family;
    /// Adds the series of one organization, none where it has none. Writers of families that the catalog
    /// marks as inventory are only called with an inventory.
    void (*write)(const Snapshot&, FamilyBuilder&);
};

/// Both in publishing order.
[[nodiscard]] std::span<const FamilyWriter> inventory_writers();
[[nodiscard]] std::span<const FamilyWriter> poll_writers();

/// Calls `visit` with each family that has series, organization by organization, in publishing order: the
/// catalog's.
void for_each_family(std::span<const Snapshot> snapshots,
                     const std::function<void(prometheus::MetricFamily)>& visit);

/// A Unix time in seconds, with fractions.
[[nodiscard]] inline double unix_seconds(base::Timestamp moment) {
    return std::chrono::duration<double>(moment.time_since_epoch()).count();
}

}  // namespace exporter::metrics
