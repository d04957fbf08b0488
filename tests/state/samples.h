// States to save: random ones as the real builder counts them, and a small one that is written out by hand.
#pragma once

#include "inventory/tokens.h"
#include "state/state_file.h"
#include "support/state_bytes.h"

#include <memory>
#include <string>
#include <vector>

namespace exporter::state {

/// What tests say that tokens are hashed by.
inline constexpr base::HashKey test_key{0x1111, 0x2222};

/// `count` tokens of every kind, some with names and scopes that need cleaning.
[[nodiscard]] std::vector<inventory::TestToken> random_tokens(unsigned seed, std::size_t count);

/// A published listing of `tokens`, all of them in detail.
[[nodiscard]] OrganizationState published(const std::string& name,
                                          const std::vector<inventory::TestToken>& tokens,
                                          std::shared_ptr<const inventory::Census> previous = nullptr,
                                          bool complete = true);

/// Three listings of `count` tokens, of which some came, went and changed.
[[nodiscard]] OrganizationState random_state(unsigned seed, const std::string& name, std::size_t count);

/// Two tokens with one scope each; does not depend on how anything is hashed.
[[nodiscard]] OrganizationState small_state();

[[nodiscard]] States shared(std::vector<OrganizationState> states);

/// Whether all of both is the same.
[[nodiscard]] bool same(const OrganizationState& left, const OrganizationState& right);

}  // namespace exporter::state
