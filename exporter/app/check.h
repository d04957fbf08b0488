// The modes that ask one question and say what was answered: `--check` asks Datadog, `--probe` a running
// exporter (a container's HEALTHCHECK, `helm test`).
#pragma once

#include "config/config.h"

namespace exporter::app {

/// Makes one authenticated request for each organization and prints what was seen, a line each. 0: all
/// answered with a page; 1: one did not.
[[nodiscard]] int check(const config::Config& config);

/// Asks `probe_url`, or `/healthz` where `web` says that the exporter listens: at the probes' address if
/// there is one. The certificate is not verified: the request carries no secret.
///
/// @param encrypted whether the exporter speaks TLS at its main address
/// @return the exit status: 0 when the answer was 200 (or 401: there is somebody who asks for a password),
/// else 1, with a sentence on standard error
[[nodiscard]] int probe(const config::Config& config, bool encrypted);

}  // namespace exporter::app
