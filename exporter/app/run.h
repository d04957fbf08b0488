// app/: the program. Arguments and environment come in through `run`; an exit status, the log and what the
// mode prints or serves come out. `check` and `probe` ask one question (check.cpp), `list` names tokens
// (list.cpp), the other modes are in run.cpp. `Monitoring` polls all organizations, each an
// `OrganizationMonitor` that gets its pages from a `Source`; its `Publisher` renders what they found, and
// web_server.h serves it. This room wires the others together, logs, and looks after the process; what
// tokens, listings and metrics are is decided there.
#pragma once

#include "app/log.h"
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

/// `--check` asks Datadog. Makes one authenticated request for each organization and prints what was seen, a
/// line each. 0: all answered with a page; 1: one did not.
[[nodiscard]] int check(const config::Config& config);

/// `--list`: polls each organization once and prints the tokens that `config.list` asks for, the worst first.
/// 0: listed; 1: an organization failed, or the list could not be written.
[[nodiscard]] int list(const config::Config& config, const config::Environment& environment, Log& log);

/// `--probe`, for a container's HEALTHCHECK and `helm test`, asks `probe_url`, or `/healthz` where `web` says
/// that the exporter listens: at the probes' address if there is one. The certificate is not verified: the
/// request carries no secret.
///
/// @param encrypted whether the exporter speaks TLS at its main address
/// @return the exit status: 0 when the answer was 200 (or 401: there is somebody who asks for a password),
/// else 1, with a sentence on standard error
[[nodiscard]] int probe(const config::Config& config, bool encrypted);

}  // namespace exporter::app
