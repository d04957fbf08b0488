// `--check`: one authenticated request for each organization, and in words what was seen.
#pragma once

#include "config/config.h"

namespace exporter::app {

/// Prints a line for each organization to standard output. 0: all answered with a page; 1: one did not.
[[nodiscard]] int check(const config::Config& config);

}  // namespace exporter::app
