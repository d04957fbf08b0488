// state/: what outlives a restart. One file holds what each organization's numbers rest on; it is written
// aside and renamed into place, and believed only after it has been checked.
#pragma once

#include "inventory/census.h"
#include "inventory/inventory.h"
#include "scan/listing.h"

#include <memory>
#include <string>
#include <vector>

namespace exporter::state {

/// One organization as its last published listing left it. Never changes once made; the big parts are shared
/// with whoever shows them.
struct OrganizationState {
    std::string name;
    /// What the numbers were counted by, as the caller puts it: endpoint, filters, bounds, policies. Numbers
    /// with another fingerprint than the configuration's mean something else.
    std::string fingerprint;
    scan::Listing listing;
    std::shared_ptr<const inventory::Inventory> inventory;  ///< never null
    std::shared_ptr<const inventory::Census> census;        ///< null: no listing was complete yet
};

using States = std::vector<std::shared_ptr<const OrganizationState>>;

}  // namespace exporter::state
