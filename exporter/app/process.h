// The process itself: what program it is, and how it deals with what it gets from the system: secrets in its
// environment and its memory, open files, sockets handed over by systemd, free memory.
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
/// Short git revision, `-dirty` after it when the tree had changes; `unknown` outside a checkout.
[[nodiscard]] std::string_view revision();
/// Such as `gcc 12.2.0`.
[[nodiscard]] std::string compiler();

/// What `--version` prints.
[[nodiscard]] std::string version_text();

/// Datadog's convention for clients: `<name>/<version> (<lang> <ver>; os <os>; arch <arch>)`.
[[nodiscard]] std::string user_agent();

/// No core dump of this process, and no reading of its memory by others of the same user.
void forbid_core_dumps();

/// The environment as a value. Credentials (`DD_API_KEY`, `DD_APP_KEY`, `DD_BEARER_TOKEN`, and the proxy
/// variables, whose URLs may carry a password) are overwritten where the kernel put them, so that
/// `/proc/<pid>/environ` no longer shows them. Before any other thread starts.
[[nodiscard]] config::Environment take_environment(char** environment);

/// Overwrites the credentials in a copy of the environment.
void wipe_credentials(config::Environment& environment);

/// An environment whose credentials are kept as secrets, for reloads.
class SealedEnvironment {
  public:
    /// @param environment its credentials are overwritten
    explicit SealedEnvironment(config::Environment& environment);

    /// All of it, for one use; then `wipe_credentials`.
    [[nodiscard]] config::Environment open() const;

  private:
    config::Environment others_;
    std::vector<std::pair<std::string, base::Secret>> credentials_;
};

/// Sets up signals, the limit of open files and the allocator. Before any other thread starts.
void set_up_process();

/// For a mode that does one thing: a signal that would end the process (SIGTERM, SIGINT, SIGQUIT, SIGHUP)
/// does so once `clean_up` has run, on a thread of its own; or after two seconds, by SIGALRM, where that
/// hangs. Before any other thread starts.
void end_by_signals(void (*clean_up)());

/// `web` with no more connections than the process may have files open, beside those that polls, listeners
/// and files need, however many organizations there are; its other limits follow.
/// @param open_files what the process may have open at once (`RLIMIT_NOFILE`)
[[nodiscard]] config::Web within_descriptors(config::Web web, std::uint64_t open_files);

/// The file descriptors of the sockets that systemd opened for this service (socket activation,
/// sd_listen_fds(3)), by LISTEN_PID and LISTEN_FDS. At least one; the error says what is missing.
/// @param process this process
[[nodiscard]] tl::expected<std::vector<int>, std::string> inherited_sockets(
    const config::Environment& environment, pid_t process);

/// Returns free memory to the system. Takes up to a few milliseconds, in which no other thread allocates.
void give_back_memory();

/// Returns free memory after large polls, of any organization. Used by the scheduler thread, which can do
/// nothing else meanwhile: hence the pause.
class MemoryReturn {
  public:
    static constexpr std::chrono::seconds pause{30};

    /// @param clock must outlive this object
    explicit MemoryReturn(scan::Clock& clock, std::function<void()> give_back = give_back_memory);

    /// A poll has ended, and its answers had so many bytes. What the pause put off is made up for when a
    /// later poll ends, however small.
    void poll_ended(std::uint64_t bytes);

  private:
    scan::Clock& clock_;
    const std::function<void()> give_back_;
    bool due_ = false;
    std::optional<scan::SteadyTime> last_;
};

}  // namespace exporter::app
