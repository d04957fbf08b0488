#include "metrics/catalog.h"
#include "metrics/collectables.h"
#include "metrics/families.h"

#include <utility>

namespace exporter::metrics {

void for_each_family(std::span<const Snapshot> snapshots,
                     const std::function<void(prometheus::MetricFamily)>& visit) {
    for (const auto writers : {inventory_writers(), poll_writers()}) {
        for (const FamilyWriter& writer : writers) {
            const FamilyDescription& description = describe(writer.family);
            FamilyBuilder family(description);
            for (const Snapshot& snapshot : snapshots) {
                if (snapshot.inventory || !description.inventory) {
                    writer.write(snapshot, family);
                }
            }
            if (!family.empty()) {
                visit(std::move(family).build());
            }
        }
    }
}

OrganizationsCollectable::OrganizationsCollectable(std::vector<Snapshot> snapshots)
    : snapshots_(std::move(snapshots)) {}

std::vector<prometheus::MetricFamily> OrganizationsCollectable::Collect() const {
    std::vector<prometheus::MetricFamily> families;
    families.reserve(catalog().size());
    for_each_family(snapshots_,
                    [&](prometheus::MetricFamily family) { families.push_back(std::move(family)); });
    return families;
}

}  // namespace exporter::metrics
