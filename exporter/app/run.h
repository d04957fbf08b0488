// app/: the parts wired together. `run` is the whole program but for reading its arguments and environment.
#pragma once

#include "config/load.h"

#include <string>
#include <vector>

namespace exporter::app {

/// Runs the program in the mode its configuration asks for, until it is done or a signal ends it: SIGINT,
/// SIGTERM or SIGQUIT.
///
/// @param environment its credentials are overwritten once they are read
/// @return the exit status: 0 done, 1 a failed run, 2 a wrong configuration
[[nodiscard]] int run(const std::vector<std::string>& arguments, config::Environment environment);

}  // namespace exporter::app
