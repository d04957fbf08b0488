// Organizations as the status page gets them.
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

/// 13 tokens in five buckets, personal and service ones.
[[nodiscard]] inventory::Inventory sample_inventory();
using Change = std::function<void(inventory::Inventory&)>;

/// The number of an inventory's tokens with one finding.
[[nodiscard]] inventory::Count& tokens_with(inventory::Inventory& inventory, inventory::Finding finding);
/// Makes one token a leaked one.
void leak_one(inventory::Inventory& inventory);
/// A token listed one by one, with these findings; it never expires.
[[nodiscard]] inventory::TokenDetail detail_of(const std::string& name,
                                               std::initializer_list<inventory::Finding> findings);

/// Polled two minutes ago, with `sample_inventory`, changed.
[[nodiscard]] OrganizationStatus healthy(std::string name, const Change& change = {});
/// Refused with 403 for the third time in a row; never had numbers.
[[nodiscard]] OrganizationStatus forbidden(std::string name);
/// Not polled yet.
[[nodiscard]] OrganizationStatus waiting(std::string name);

}  // namespace exporter::web
