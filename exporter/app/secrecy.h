// What keeps credentials out of the places where a process leaks without a word: its environment and its
// core.
#pragma once

#include "config/load.h"

namespace exporter::app {

/// No core dump of this process, and no reading of its memory by others of the same user.
void forbid_core_dumps();

/// The environment as a value. Credentials (`DD_API_KEY`, `DD_APP_KEY`, `DD_BEARER_TOKEN`, and the proxy
/// variables, whose URLs may carry a password) are overwritten where the kernel put them, so that
/// `/proc/<pid>/environ` no longer tells them. Before any other thread starts.
[[nodiscard]] config::Environment take_environment(char** environment);

/// Overwrites the credentials in a copy of the environment.
void wipe_credentials(config::Environment& environment);

}  // namespace exporter::app
