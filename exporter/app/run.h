// app/: the program. Arguments and environment come in through `run`; an exit status, the log and what the
// mode prints or serves come out. `check` and `probe` are in check.h, the other modes in run.cpp.
// `Monitoring` polls all organizations, each an `OrganizationMonitor` that gets its pages from a `Source`;
// its `Publisher` renders what they found, and web_server.h serves it. This room wires the others together,
// logs, and looks after the process; what tokens, listings and metrics are is decided there.
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
