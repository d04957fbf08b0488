// The process itself: its version, secrets in its environment and memory, open files, sockets passed by
// systemd, and free memory.
#pragma once

#include "base/secret.h"
#include "config/config.h"
#include "config/load.h"
#include "scan/clock.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::app {

[[nodiscard]] std::string_view version();
/// Short git revision, followed by `-dirty` if the tree had changes; `unknown` outside a checkout.
[[nodiscard]] std::string_view revision();
/// Such as `gcc 12.2.0`.
[[nodiscard]] std::string compiler();

/// What `--version` prints.
[[nodiscard]] std::string version_text();

/// Datadog's convention for clients: `<name>/<version> (<lang> <ver>; os <os>; arch <arch>)`.
[[nodiscard]] std::string user_agent();

/// Disables core dumps, and keeps other processes of the same user from reading this one's memory.
void forbid_core_dumps();

/// The environment as a value. Credentials (`DD_API_KEY`, `DD_APP_KEY`, `DD_BEARER_TOKEN`, and the proxy
/// variables, whose URLs may carry a password) are overwritten in place, so that `/proc/<pid>/environ` no
/// longer shows them. Call it before any other thread starts.
[[nodiscard]] config::Environment take_environment(char** environment);

/// Overwrites the credentials in a copy of the environment.
void wipe_credentials(config::Environment& environment);

/// An environment whose credentials are kept as secrets, so that a reload can use them.
class SealedEnvironment {
  public:
    /// @param environment its credentials are overwritten
    explicit SealedEnvironment(config::Environment& environment);

    /// The complete environment, for one use. Call `wipe_credentials` on it afterwards.
    [[nodiscard]] config::Environment open() const;

  private:
    config::Environment others_;
    std::vector<std::pair<std::string, base::Secret>> credentials_;
};

/// Sets up signals, the limit of open files and the allocator. Call it before any other thread starts.
void set_up_process();

/// For modes that run once and exit: a signal that would end the process (SIGTERM, SIGINT, SIGQUIT, SIGHUP)
/// does so after `clean_up` has run on a separate thread. If that hangs, SIGALRM ends the process after two
/// seconds. Call it before any other thread starts.
void end_by_signals(void (*clean_up)());

/// Returns `web` with `max_connections`, and the limits derived from it, reduced to what the limit on open
/// files allows. Some descriptors are reserved for polls, listeners and files; that number doesn't depend on
/// the number of organizations.
/// @param open_files the process's limit (`RLIMIT_NOFILE`)
[[nodiscard]] config::Web within_descriptors(config::Web web, std::uint64_t open_files);

/// The file descriptors of the sockets that systemd opened for this service (socket activation,
/// sd_listen_fds(3)), from LISTEN_PID and LISTEN_FDS. At least one; otherwise the error says what is missing.
/// @param process id of this process
[[nodiscard]] tl::expected<std::vector<int>, std::string> inherited_sockets(
    const config::Environment& environment, pid_t process);

/// Returns free memory to the system. Takes up to a few milliseconds, during which no other thread can
/// allocate.
void give_back_memory();

/// Returns free memory after large polls of any organization. Blocks the scheduler thread, so it pauses
/// between two calls.
class MemoryReturn {
  public:
    static constexpr std::chrono::seconds pause{30};

    /// @param clock must outlive this object
    explicit MemoryReturn(scan::Clock& clock, std::function<void()> give_back = give_back_memory);

    /// Reports that a poll has ended, with the size of its answers. A call postponed by the pause is made
    /// when a later poll ends, whatever that poll's size.
    void poll_ended(std::uint64_t bytes);

  private:
    scan::Clock& clock_;
    const std::function<void()> give_back_;
    bool due_ = false;
    std::optional<scan::SteadyTime> last_;
};

}  // namespace exporter::app
