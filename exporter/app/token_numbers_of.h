// An inventory as the status page shows it.
#pragma once

#include "inventory/builder.h"
#include "inventory/inventory.h"
#include "scan/listing.h"
#include "web/token_numbers.h"

namespace exporter::app {

/// @param rules what the inventory was counted by; its policies are told with the findings
/// @param lists_everything no filter is set: a single owner is then worth a remark
[[nodiscard]] web::TokenNumbers token_numbers_of(const inventory::Inventory& inventory,
                                                 const scan::Listing& listing, const inventory::Rules& rules,
                                                 bool lists_everything);

}  // namespace exporter::app
