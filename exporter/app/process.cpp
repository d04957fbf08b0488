#include "app/process.h"

#include "base/text.h"

#include <fmt/format.h>
#include <malloc.h>
#include <revision.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <numeric>
#include <thread>
#include <utility>

namespace exporter::app {

namespace {

constexpr std::array<std::string_view, 9> secret_variables = {"DD_API_KEY",  "DD_APP_KEY",  "DD_BEARER_TOKEN",
                                                              "HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
                                                              "http_proxy",  "ALL_PROXY",   "all_proxy"};

bool is_secret(std::string_view name) {
    return std::find(secret_variables.begin(), secret_variables.end(), name) != secret_variables.end();
}

/// SD_LISTEN_FDS_START in sd-daemon.h
constexpr int first_inherited = 3;
/// More is a mistake: a unit has only a few.
constexpr int most_inherited = 1000;

int number_in(const config::Environment& environment, std::string_view name) {
    const std::string value = config::variable(environment, name);
    return base::parse_number<int>(std::string_view(value)).value_or(0);
}

/// After a poll with this many bytes of answers (some 5,000 tokens), free memory is returned to the system.
/// Otherwise fragments accumulate: 317 MiB over 25 polls of bad answers.
constexpr std::uint64_t large_poll = std::uint64_t{4} << 20;

}  // namespace

std::string_view version() {
    return EXPORTER_VERSION;
}

std::string_view revision() {
    return EXPORTER_REVISION;
}

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string version_text() {
    return fmt::format("datadog_token_exporter {} (revision {}, {})\n", version(), revision(), compiler());
}

std::string user_agent() {
    utsname machine{};
    ::uname(&machine);
    return fmt::format("datadog_token_exporter/{} (c++ 20; os {}; arch {})", version(),
                       base::lower(machine.sysname), machine.machine);
}

void forbid_core_dumps() {
    // The limit alone isn't enough: the kernel ignores it if core dumps go to a pipe.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

config::Environment take_environment(char** environment) {
    config::Environment taken;
    for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        taken.emplace(text.substr(0, equals), text.substr(equals + 1));
        if (is_secret(text.substr(0, equals))) {
            explicit_bzero(*entry + equals + 1, text.size() - equals - 1);
        }
    }
    return taken;
}

void wipe_credentials(config::Environment& environment) {
    for (auto& [name, value] : environment) {
        if (is_secret(name)) {
            explicit_bzero(value.data(), value.size());
            value.clear();
        }
    }
}

SealedEnvironment::SealedEnvironment(config::Environment& environment) {
    for (const auto& [name, value] : environment) {
        if (is_secret(name) && !value.empty()) {
            credentials_.emplace_back(name, base::Secret(value));
        }
    }
    wipe_credentials(environment);
    others_ = environment;
}

config::Environment SealedEnvironment::open() const {
    config::Environment whole = others_;
    for (const auto& [name, secret] : credentials_) {
        whole[name] = secret.expose();
    }
    return whole;
}

void set_up_process() {
    // Writing to a connection that the peer has closed fails that write, instead of ending the program.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // Likewise for writing a file beyond the file size limit.
    // Each connection needs a file descriptor, and the default soft limit may be too low for many
    // connections.
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
#ifdef __GLIBC__
    // Returns large blocks to the system when they are freed. By default, glibc raises this threshold with
    // each block that it frees, and then keeps such blocks, one per thread: an organization whose API
    // answered with garbage never returned 50 MiB.
    constexpr int large_block = 1 << 20;
    ::mallopt(M_MMAP_THRESHOLD, large_block);  // NOLINT(concurrency-mt-unsafe): there is no other thread yet
#endif
}

void end_by_signals(void (*clean_up)()) {
    // SECURITY.md promises three seconds; the difference allows for a busy machine.
    constexpr unsigned longest_clean_up_seconds = 2;
    sigset_t set{};
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) {
        struct sigaction action{};
        // nohup and a shell's `&` make the process ignore some of them.
        if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
            ::sigaddset(&set, number);
        }
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::thread([set, clean_up] {
        int number = 0;
        ::sigwait(&set, &number);
        ::alarm(longest_clean_up_seconds);
        clean_up();
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        ::raise(number);
    }).detach();
}

config::Web within_descriptors(config::Web web, std::uint64_t open_files) {
    constexpr std::uint64_t reserved = 200;  // files, listeners, probes, polls, and rejected connections
    const std::uint64_t affordable = open_files > 2 * reserved ? open_files - reserved : open_files / 2;
    if (web.max_connections > affordable) {
        web.max_connections = std::max<std::size_t>(1, affordable);
        web.max_connections_per_address = std::min(web.max_connections_per_address, web.max_connections);
        web.max_scrapes = std::min(web.max_scrapes, std::max<std::size_t>(1, web.max_connections / 2));
    }
    return web;
}

tl::expected<std::vector<int>, std::string> inherited_sockets(const config::Environment& environment,
                                                              pid_t process) {
    const int count = number_in(environment, "LISTEN_FDS");
    if (number_in(environment, "LISTEN_PID") != process || count < 1 || count > most_inherited) {
        return tl::unexpected<std::string>(
            "--web.systemd-socket: systemd handed no socket to this process; start it through its .socket "
            "unit");
    }
    std::vector<int> descriptors(static_cast<std::size_t>(count));
    std::iota(descriptors.begin(), descriptors.end(), first_inherited);
    return descriptors;
}

void give_back_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

MemoryReturn::MemoryReturn(scan::Clock& clock, std::function<void()> give_back)
    : clock_(clock), give_back_(std::move(give_back)) {}

void MemoryReturn::poll_ended(std::uint64_t bytes) {
    due_ = due_ || bytes > large_poll;
    if (!due_) {
        return;
    }
    const scan::SteadyTime now = clock_.steady_now();
    if (!last_ || now - *last_ >= pause) {
        give_back_();
        last_ = now;
        due_ = false;
    }
}

}  // namespace exporter::app
