// Organizations as input for the status page.
#pragma once

#include "web/status_page.h"

#include <functional>
#include <initializer_list>
#include <string>

namespace exporter::web {

/// 2026-11-24 19:10:16.5 UTC.
[[nodiscard]] base::Timestamp now();

/// Five minutes, an hour, a year and 90 days.
[[nodiscard]] PageSettings sample_settings();

/// 13 personal and service tokens in five buckets.
[[nodiscard]] inventory::Inventory sample_inventory();
using Change = std::function<void(inventory::Inventory&)>;

/// Number of tokens with this finding.
[[nodiscard]] inventory::Count& tokens_with(inventory::Inventory& inventory, inventory::Finding finding);
/// Marks one token as leaked.
void leak_one(inventory::Inventory& inventory);
/// Details of a token with these findings that never expires.
[[nodiscard]] inventory::TokenDetail detail_of(const std::string& name,
                                               std::initializer_list<inventory::Finding> findings);

/// Polled two minutes ago, with `sample_inventory` after `change`.
[[nodiscard]] OrganizationStatus healthy(std::string name, const Change& change = {});
/// Rejected with 403 for the third time in a row; has never had an inventory.
[[nodiscard]] OrganizationStatus forbidden(std::string name);
/// Not polled yet.
[[nodiscard]] OrganizationStatus waiting(std::string name);

}  // namespace exporter::web
