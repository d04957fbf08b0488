// The `sort`, `filter` and `filter[owned_by]` arguments.
#pragma once

#include "demo/organization.h"

#include <string_view>
#include <vector>

namespace exporter::demo {

/// Whether the API knows `sort`: `name`, `created_at`, `expires_at`, `last_used_at`, or one of these after
/// `-`.
[[nodiscard]] bool is_known_sort(std::string_view sort);

/// A total order: ties go by id, ascending. "Never" is later than any date. An unknown `sort` is that by
/// name.
void sort_tokens(std::vector<const SimulatedToken*>& tokens, std::string_view sort);

/// Whether `token` passes the query's filters.
[[nodiscard]] bool matches(const SimulatedToken& token, const Query& query);

}  // namespace exporter::demo
