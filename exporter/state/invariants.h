// What a stored state must promise besides that its bytes can be read.
#pragma once

#include "state/organization_state.h"

#include <vector>

namespace exporter::state {

/// Whether entries are sorted as a census keeps them.
[[nodiscard]] bool in_order(const std::vector<inventory::CensusEntry>& entries);

/// What is wrong with `state`: vectors that are not as long as the names of their buckets, a series that
/// would be there twice, a text that is no harmless label, sums that differ. nullptr: nothing.
[[nodiscard]] const char* broken_invariant(const OrganizationState& state);

[[nodiscard]] bool names_are_unique(const States& states);

}  // namespace exporter::state
