// What listings hold, for people: a picture, a table that says the same, and the findings.
#pragma once

#include "inventory/inventory.h"
#include "web/html.h"
#include "web/status_page.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// The counts of one inventory, or of several added up, as the page shows them.
struct TokenSums {
    base::Timestamp as_of;  ///< of the oldest inventory
    inventory::Count tokens = 0;
    std::vector<std::string> buckets;  ///< the expiry buckets' names
    /// By token type and expiry bucket.
    std::array<std::vector<inventory::Count>, datadog::token_type_count> by_expiry;
    std::array<inventory::Count, inventory::risk_count> at_risk{};
    bool leaks_reported = false;

    /// One whose expiry buckets are not those of the first is left out.
    void add(const inventory::Inventory& inventory);
};

/// Side by side: by type and time left a picture and the table that it is drawn from, and the findings, the
/// most serious first.
/// @param heading the element of the two headings, such as `h3`
[[nodiscard]] Html token_tables(const TokenSums& sums, const PageSettings& settings,
                                std::string_view heading);

}  // namespace exporter::web
