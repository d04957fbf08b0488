#include "metrics/catalog.h"
#include "metrics/collectables.h"
#include "metrics/families.h"

#include <utility>

namespace exporter::metrics {

OrganizationsCollectable::OrganizationsCollectable(std::vector<Snapshot> snapshots)
    : snapshots_(std::move(snapshots)) {}

std::vector<prometheus::MetricFamily> OrganizationsCollectable::Collect() const {
    std::vector<prometheus::MetricFamily> families;
    families.reserve(catalog().size());
    for (const auto writers : {inventory_writers(), poll_writers()}) {
        for (const FamilyWriter& writer : writers) {
            const FamilyDescription& description = describe(writer.family);
            FamilyBuilder family(description);
            for (const Snapshot& snapshot : snapshots_) {
                if (snapshot.inventory || !description.inventory) {
                    writer.write(snapshot, family);
                }
            }
            if (!family.empty()) {
                families.push_back(std::move(family).build());
            }
        }
    }
    return families;
}

}  // namespace exporter::metrics
