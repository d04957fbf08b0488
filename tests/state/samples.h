// States to save: random ones built by the real builder, and a small handwritten one.
#pragma once

#include "inventory/tokens.h"
#include "state/state_file.h"
#include "support/state_bytes.h"

#include <memory>
#include <string>
#include <vector>

namespace exporter::state {

/// The key with which the tests hash tokens.
inline constexpr base::HashKey test_key{0x1111, 0x2222};

/// `count` tokens of all kinds, some with names and scopes that need cleaning.
[[nodiscard]] std::vector<inventory::TestToken> random_tokens(unsigned seed, std::size_t count);

/// A published listing of `tokens` with full details.
[[nodiscard]] OrganizationState published(const std::string& name,
                                          const std::vector<inventory::TestToken>& tokens,
                                          std::shared_ptr<const inventory::Census> previous = nullptr,
                                          bool complete = true);

/// Three successive listings of about `count` tokens, with some created, removed and changed.
[[nodiscard]] OrganizationState random_state(unsigned seed, const std::string& name, std::size_t count);

/// Two tokens with one scope each, independent of any hashing.
[[nodiscard]] OrganizationState small_state();

[[nodiscard]] States shared(std::vector<OrganizationState> states);

/// Compares every field.
[[nodiscard]] bool same(const OrganizationState& left, const OrganizationState& right);

}  // namespace exporter::state
