// How many connections the limit of open files has room for.
#pragma once

#include "config/config.h"

#include <cstdint>

namespace exporter::app {

/// `web` with no more connections than there are file descriptors for, beside those that polls, listeners and
/// files need, however many organizations there are; its other limits follow.
///
/// @param open_files what the process may have open at once (`RLIMIT_NOFILE`)
[[nodiscard]] config::Web within_descriptors(config::Web web, std::uint64_t open_files);

}  // namespace exporter::app
