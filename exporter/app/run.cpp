#include "app/run.h"

#include "app/build_info.h"
#include "app/check.h"
#include "app/demo.h"
#include "app/descriptors.h"
#include "app/inherited_sockets.h"
#include "app/log.h"
#include "app/memory.h"
#include "app/output_file.h"
#include "app/probe.h"
#include "app/secrecy.h"
#include "app/service.h"
#include "app/web_protection.h"
#include "config/sharding.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <tl/expected.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

constexpr int succeeded = 0;
constexpr int failed = 1;
constexpr int wrong_configuration = 2;

/// SIGINT and SIGTERM, kept from every thread and waited for by one. Must be made before any other thread.
class EndSignal {
  public:
    EndSignal() {
        ::sigemptyset(&signals_);
        ::sigaddset(&signals_, SIGINT);
        ::sigaddset(&signals_, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }

    std::string wait() {
        int signal = 0;
        while (::sigwait(&signals_, &signal) != 0) {
        }
        return signal == SIGINT ? "SIGINT" : "SIGTERM";
    }

  private:
    sigset_t signals_{};
};

/// `http://localhost:10077`, for people to click; for a Unix socket as curl's --unix-socket takes it.
std::string url_of(const web::Address& address, bool encrypted) {
    if (!address.unix_path.empty()) {
        return fmt::format("unix:{}:", address.unix_path);
    }
    const bool any = address.host == "0.0.0.0" || address.host == "::";
    const bool v6 = address.host.find(':') != std::string::npos;
    const std::string host = any ? "localhost" : v6 ? "[" + address.host + "]" : address.host;
    return fmt::format("{}://{}:{}", encrypted ? "https" : "http", host, address.port);
}

void log_addresses(const web::Server& server, const config::Web& web, bool encrypted, Log& log) {
    for (const web::Address& address : server.addresses()) {
        const std::string url = url_of(address, encrypted);
        log.info("listening", {{"metrics", url + web.telemetry_path}, {"status", url + "/"}});
    }
    for (const web::Address& address : server.probe_addresses()) {
        log.info("listening for probes", {{"address", url_of(address, false)}});
    }
}

bool is_encrypted(const WebProtection& protection) {
    return protection.security() && protection.security()->tls;
}

/// What the process was started with and needs beyond its configuration.
struct Start {
    WebProtection protection;
    std::vector<int> inherited_sockets;
};

/// The configuration as far as this process may have files open.
config::Config within_limits(config::Config config, Log& log) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return config;
    }
    const std::size_t wanted = config.web.max_connections;
    config.web = within_descriptors(std::move(config.web), files.rlim_cur);
    if (config.web.max_connections < wanted) {
        log.warn(
            "fewer connections than --web.max-connections: the limit of open files (RLIMIT_NOFILE) is too "
            "low",
            {{"max_connections", static_cast<std::uint64_t>(config.web.max_connections)},
             {"open_files", static_cast<std::uint64_t>(files.rlim_cur)}});
    }
    return config;
}

int serve(const config::Config& config, Start& start, Log& log, EndSignal& end) {
    Monitoring monitoring(config, log);
    WebProtection& protection = start.protection;
    const auto server =
        start_server(within_limits(config, log), monitoring, start.inherited_sockets, protection.security());
    if (!server) {
        log.error("the server can't start", {{"error", server.error()}});
        return failed;
    }
    log_addresses(**server, config.web, is_encrypted(protection), log);
    monitoring.start();
    std::jthread watching([&](const std::stop_token& stop) {
        protection.watch(stop, [&](auto security) { (*server)->secure(std::move(security)); });
    });

    const std::string signal = end.wait();
    log.info("ending", {{"signal", signal}});
    watching = {};
    (*server)->stop(500ms);
    if (!monitoring.stop(1s)) {
        log.warn("a poll or the writing of the state did not end in time; leaving without it");
        log.flush();
        std::_Exit(succeeded);
    }
    return succeeded;
}

/// Only a configuration that is checked may lack them.
bool lacks_credentials(const config::Config& config) {
    return std::any_of(config.organizations.begin(), config.organizations.end(),
                       [](const auto& organization) {
                           return !organization.credentials.app_key && !organization.credentials.bearer_token;
                       });
}

int poll_once(const config::Config& config, Log& log) {
    Monitoring monitoring(config, log);
    const bool published = monitoring.poll_once();
    const std::string text = monitoring.text();
    if (config.once_output.empty()) {
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
            log.error("the exposition can't be written to standard output",
                      {{"error", std::system_category().message(errno)}});
            return failed;
        }
    } else if (const auto written = replace_file(config.once_output, text); !written) {
        log.error("the exposition can't be written", {{"error", written.error()}});
        return failed;
    }
    return published ? succeeded : failed;
}

/// How the process deals with memory and pipes.
void set_up_process() {
    // Writing to a connection that the peer has closed is an error of that write, not the program's end.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // Likewise writing a file beyond the limit of its size.
    // A connection is a file descriptor, and the limit that processes start with is lower than the crowd that
    // may come.
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    set_up_memory();
}

int report(const config::MistakeLines& mistakes) {
    for (const std::string& line : mistakes) {
        fmt::print(stderr, "datadog_token_exporter: {}\n", line);
    }
    return wrong_configuration;
}

/// What else may be wrong with a configuration, and shows only when it is used.
tl::expected<Start, config::MistakeLines> prepare(const config::Config& config,
                                                  const config::Environment& environment, Log& log) {
    auto protection = WebProtection::load(config.web, log);
    if (!protection) {
        return tl::unexpected(std::move(protection.error()));
    }
    if (!config.web.systemd_socket || config.mode != config::Mode::serve) {
        return Start{*std::move(protection), {}};
    }
    auto sockets = inherited_sockets(environment, ::getpid());
    if (!sockets) {
        return tl::unexpected(config::MistakeLines{std::move(sockets.error())});
    }
    return Start{*std::move(protection), *std::move(sockets)};
}

int run_mode(config::Config config, const config::Environment& environment) {
    set_up_process();
    // Only who serves has something to finish; the other modes end as any command does.
    std::optional<EndSignal> end;
    if (config.mode == config::Mode::serve) {
        end.emplace();
    }
    Log log(config.log);
    for (const std::string& warning : config.warnings) {
        log.warn(warning);
    }
    auto start = prepare(config, environment, log);
    if (!start) {
        return report(start.error());
    }
    if (config.mode == config::Mode::config_check) {
        const std::string share = config::share_in_words(config);
        fmt::print("the configuration is right: {} organization(s){}{}\n",
                   config.demo.enabled ? 1 : config.organizations_configured,
                   share.empty() ? "" : "; this replica " + share,
                   lacks_credentials(config) ? "; no credentials were given to check" : "");
        return succeeded;
    }
    if (config.mode == config::Mode::probe) {
        return probe(config, is_encrypted(start->protection));
    }
    const Demo demo(config);
    log.debug("starting", {{"version", std::string(version())}, {"revision", std::string(revision())}});
    if (const std::string share = config::share_in_words(config); !share.empty()) {
        log.info(config.organizations.empty() ? share + ": only its own health is served" : share);
    }
    switch (config.mode) {
        case config::Mode::check:
            return check(config);
        case config::Mode::once:
            return poll_once(config, log);
        default:
            return serve(config, *start, log, *end);
    }
}

struct Finish {
    const config::Environment& environment;

    int operator()(config::Config& config) const { return run_mode(std::move(config), environment); }

    int operator()(const config::Information& information) const {
        fmt::print("{}", information.text);
        return succeeded;
    }

    int operator()(const config::Mistakes& mistakes) const { return report(mistakes.lines); }
};

}  // namespace

int run(const std::vector<std::string>& arguments, config::Environment environment) {
    auto outcome = config::load(arguments, environment, version_text());
    wipe_credentials(environment);
    return std::visit(Finish{environment}, outcome);
}

}  // namespace exporter::app
