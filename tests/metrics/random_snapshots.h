// Organizations in every state that there is, for laws that hold for all.
#pragma once

#include "metrics/collectables.h"

#include <cstdint>
#include <string>
#include <vector>

namespace exporter::metrics::samples {

/// Never polled, failed, without inventory, with few or many scopes, with and without detail; the same for a
/// seed.
[[nodiscard]] Snapshot random_snapshot(std::string org, std::uint64_t seed);

/// Up to six of them, with names that need escaping among theirs.
[[nodiscard]] std::vector<Snapshot> random_snapshots(std::uint64_t seed);

}  // namespace exporter::metrics::samples
