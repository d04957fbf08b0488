// Which replica polls which organization, when several share them: each organization has exactly one owner,
// all replicas agree on it without talking to each other, and another replica takes over only its own part.
#pragma once

#include "config/config.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

/// The shard, below `count`, that an organization of this name belongs to. The same for ever, on every
/// machine: replicas of two versions must not poll the same organization, or none of them one.
///
/// @param count at least 1
[[nodiscard]] std::size_t shard_of(std::string_view organization, std::size_t count);

/// Those that belong to this shard, in their order. It may be none.
[[nodiscard]] std::vector<Organization> organizations_of(const Shard& shard,
                                                         const std::vector<Organization>& organizations);

/// `polls 2 of 7 organizations (shard 0 of 3)`, for people; empty where one replica polls all of them.
[[nodiscard]] std::string share_in_words(const Config& config);

}  // namespace exporter::config
