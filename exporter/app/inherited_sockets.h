// The sockets that systemd opens for a service (socket activation, sd_listen_fds(3)).
#pragma once

#include "config/load.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <string>
#include <vector>

namespace exporter::app {

/// The file descriptors of the sockets, by LISTEN_PID and LISTEN_FDS. At least one; the error says what is
/// missing.
/// @param process this process
[[nodiscard]] tl::expected<std::vector<int>, std::string> inherited_sockets(
    const config::Environment& environment, pid_t process);

}  // namespace exporter::app
