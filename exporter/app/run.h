// app/: the program. `run` takes arguments and environment, and returns an exit status; depending on the
// mode, it prints or serves, and logs. `check` and `probe` make one request (check.cpp), `list` lists tokens
// (list.cpp), and the other modes are in run.cpp. `Monitoring` polls all organizations, each through an
// `OrganizationMonitor` that gets its pages from a `Source`; its `Publisher` renders the results, and
// web_server.h serves them. This component connects the others, logs, and manages the process. The other
// components define what tokens, listings and metrics are.
#pragma once

#include "app/log.h"
#include "config/load.h"

#include <string>
#include <vector>

namespace exporter::app {

/// Runs the program in the configured mode until it is done or a signal ends it: SIGINT, SIGTERM or SIGQUIT.
///
/// @param environment its credentials are overwritten after they have been read
/// @return the exit status: 0 done, 1 a failed run, 2 a wrong configuration
[[nodiscard]] int run(const std::vector<std::string>& arguments, config::Environment environment);

/// `--check`: makes one authenticated request per organization and prints a line for each. 0: all of them
/// returned a page; 1: at least one did not.
[[nodiscard]] int check(const config::Config& config);

/// `--list`: polls each organization once and prints the tokens that `config.list` selects, the worst first.
/// 0: listed; 1: an organization failed, or the list could not be written.
[[nodiscard]] int list(const config::Config& config, const config::Environment& environment, Log& log);

/// `--probe`, for a container's HEALTHCHECK and `helm test`: requests `probe_url`, or `/healthz` at the
/// address in `web` (the probe address, if there is one). The certificate is not verified, because the
/// request carries no secret.
///
/// @param encrypted whether the exporter uses TLS at its main address
/// @return the exit status: 0 if the answer was 200 (or 401, which means that a server wants a password),
/// otherwise 1, with a sentence on standard error
[[nodiscard]] int probe(const config::Config& config, bool encrypted);

}  // namespace exporter::app
