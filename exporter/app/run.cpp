#include "app/run.h"

#include "app/build_info.h"
#include "app/check.h"
#include "app/log.h"
#include "app/probe.h"
#include "app/process.h"
#include "app/service.h"
#include "app/source.h"
#include "app/web_protection.h"
#include "base/replacement_file.h"
#include "config/sharding.h"
#include "metrics/collectables.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <tl/expected.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
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

/// From a signal that ends the program to the end of the process, whatever hangs: a disk, a name server, a
/// password's check. SECURITY.md and README promise three seconds; the rest is for a busy machine.
constexpr auto longest_end = 2500ms;

/// For answers under way, so that a scrape at the end is not lost.
constexpr auto grace_of_answers = 500ms;

struct SignalRule {
    int number;
    std::string_view name;
    bool ends;  ///< the program, in order; else nothing happens
};

/// What people, terminals and supervisors send, and what would end the process at once if it were left to the
/// kernel.
constexpr std::array<SignalRule, 6> signal_rules = {{{SIGTERM, "SIGTERM", true},
                                                     {SIGINT, "SIGINT", true},
                                                     {SIGQUIT, "SIGQUIT", true},
                                                     {SIGHUP, "SIGHUP", false},
                                                     {SIGUSR1, "SIGUSR1", false},
                                                     {SIGUSR2, "SIGUSR2", false}}};

/// Keeps the signals of `signal_rules` from this thread and all that it starts, until somebody waits for
/// them.
sigset_t block_signals() {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const SignalRule& rule : signal_rules) {
        ::sigaddset(&set, rule.number);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

/// Takes the signals of `signal_rules`, on a thread of its own.
class Signals {
  public:
    /// @param blocked what `block_signals` blocked, before there was any other thread
    /// @param log is told what the signals do; must outlive this object
    Signals(const sigset_t& blocked, Log& log) {
        shared_->log = &log;
        // Detached: it must outlive everything else, to end the process if something hangs.
        std::thread([blocked, shared = shared_] { run(blocked, *shared); }).detach();
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() {
        const std::lock_guard lock(shared_->mutex);
        shared_->log = nullptr;
    }

    /// The name of the signal that ends the program, once it has come.
    std::string wait_for_end() { return shared_->end.get_future().get(); }

    /// @param monitoring is asked for unsaved states if the end takes too long; must outlive this, or the
    /// next call. Null: nothing is to be saved
    void set_monitoring(const Monitoring* monitoring) {
        const std::lock_guard lock(shared_->mutex);
        shared_->monitoring = monitoring;
    }

  private:
    struct Shared {
        std::promise<std::string> end;
        std::mutex mutex;
        // Protected by mutex:
        Log* log = nullptr;  ///< null: nobody listens any more
        const Monitoring* monitoring = nullptr;
    };

    template <class Say>
    static void say(Shared& shared, const Say& words) {
        const std::lock_guard lock(shared.mutex);
        if (shared.log != nullptr) {
            words(*shared.log);
        }
    }

    static void run(const sigset_t& blocked, Shared& shared) {
        std::bitset<signal_rules.size()> told;  // Once for each: nobody can flood the log.
        for (;;) {
            int number = 0;
            if (::sigwait(&blocked, &number) != 0) {
                continue;
            }
            const auto* const rule = std::find_if(signal_rules.begin(), signal_rules.end(),
                                                  [=](const auto& known) { return known.number == number; });
            const auto place = static_cast<std::size_t>(rule - signal_rules.begin());
            if (rule->ends) {
                shared.end.set_value(std::string(rule->name));
                end_at_last(shared);
            }
            if (!told.test(place)) {
                told.set(place);
                say(shared, [rule](Log& log) {
                    log.warn("the signal is ignored", {{"signal", std::string(rule->name)}});
                });
            }
        }
    }

    /// Ends the process even if something hangs.
    [[noreturn]] static void end_at_last(Shared& shared) {
        std::this_thread::sleep_for(longest_end - Log::longest_flush);
        say(shared, [](Log& log) {
            log.warn("the shutdown takes too long; leaving with work unfinished");
            log.flush();
        });
        const std::lock_guard lock(shared.mutex);
        std::_Exit(shared.monitoring != nullptr && shared.monitoring->has_unsaved_state() ? failed
                                                                                          : succeeded);
    }

    const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

/// `http://localhost:10077`, for people to click; for a Unix socket as curl's --unix-socket takes it.
std::string url_of(const base::ListenAddress& address, bool encrypted) {
    if (!address.unix_path.empty()) {
        return fmt::format("unix:{}:", address.unix_path);
    }
    const bool any = address.host == "0.0.0.0" || address.host == "::";
    const bool v6 = address.host.find(':') != std::string::npos;
    const std::string host = any ? "localhost" : v6 ? "[" + address.host + "]" : address.host;
    return fmt::format("{}://{}:{}", encrypted ? "https" : "http", host, address.port);
}

void log_addresses(const http::Server& server, const config::Web& web, bool encrypted, Log& log) {
    for (const base::ListenAddress& address : server.addresses()) {
        const std::string url = url_of(address, encrypted);
        log.info("listening", {{"metrics", url + web.telemetry_path}, {"status", url + "/"}});
    }
    for (const base::ListenAddress& address : server.probe_addresses()) {
        log.info("listening for probes", {{"address", url_of(address, false)}});
    }
}

bool is_encrypted(const http::Protection& protection) {
    return protection.security() && protection.security()->tls;
}

/// What the process was started with and needs beyond its configuration.
struct Start {
    std::unique_ptr<metrics::Reloads> reloads;  ///< never null
    http::Protection protection;
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

int serve(const config::Config& config, Start& start, Log& log, Signals& signals) {
    Monitoring monitoring(config, log, start.reloads.get());
    http::Protection& protection = start.protection;
    const auto server =
        start_server(within_limits(config, log), monitoring, start.inherited_sockets, protection.security());
    if (!server) {
        log.error("the server can't start", {{"error", server.error()}});
        return failed;
    }
    log_addresses(**server, config.web, is_encrypted(protection), log);
    signals.set_monitoring(&monitoring);
    monitoring.start();
    std::jthread watching([&](const std::stop_token& stop) {
        watch_web_protection(protection, log, *start.reloads, stop,
                             [&](auto security) { (*server)->secure(std::move(security)); });
    });

    const std::string signal = signals.wait_for_end();
    log.info("ending", {{"signal", signal}});
    watching.request_stop();
    // Beside the saving of the state: where a disk hangs, a Unix socket's file is removed all the same.
    const std::jthread closing([&] { (*server)->stop(grace_of_answers); });
    monitoring.stop();
    signals.set_monitoring(nullptr);
    return succeeded;
}

/// Only a configuration that is checked may lack them.
bool lacks_credentials(const config::Config& config) {
    return std::any_of(config.organizations.begin(), config.organizations.end(),
                       [](const auto& organization) {
                           return !organization.credentials.app_key && !organization.credentials.bearer_token;
                       });
}

/// As node_exporter's textfile collector wants it, unless the metrics name tokens and people.
base::ReplacementOptions output_options(const config::Config& config) {
    return {.links = base::Links::followed,
            .mode = config.tokens.detail == config::Detail::none ? 0644U : 0600U,
            .keep_mode = true};
}

int poll_once(const config::Config& config, const Start& start, Log& log) {
    Monitoring monitoring(config, log, start.reloads.get());
    const bool published = monitoring.poll_once();
    const std::string text = monitoring.text();
    if (config.once_output.empty()) {
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
            log.error("the exposition can't be written to standard output",
                      {{"error", std::system_category().message(errno)}});
            return failed;
        }
    } else if (const auto written = base::replace_file(config.once_output, text, output_options(config));
               !written) {
        log.error("the exposition can't be written", {{"error", written.error()}});
        return failed;
    }
    return published ? succeeded : failed;
}

int report(const base::MistakeLines& mistakes) {
    for (const std::string& line : mistakes) {
        fmt::print(stderr, "datadog_token_exporter: {}\n", line);
    }
    return wrong_configuration;
}

/// What else may be wrong with a configuration, and shows only when it is used.
tl::expected<Start, base::MistakeLines> prepare(const config::Config& config,
                                                const config::Environment& environment) {
    auto reloads = std::make_unique<metrics::Reloads>();
    auto protection = load_web_protection(config.web, *reloads);
    if (!protection) {
        return tl::unexpected(std::move(protection.error()));
    }
    if (!config.web.systemd_socket || config.mode != config::Mode::serve) {
        return Start{std::move(reloads), *std::move(protection), {}};
    }
    auto sockets = inherited_sockets(environment, ::getpid());
    if (!sockets) {
        return tl::unexpected(base::MistakeLines{std::move(sockets.error())});
    }
    return Start{std::move(reloads), *std::move(protection), *std::move(sockets)};
}

int run_mode(config::Config config, const config::Environment& environment) {
    set_up_process();
    // Only who serves has something to finish; the other modes end as any command does.
    const bool serves = config.mode == config::Mode::serve;
    const sigset_t blocked = serves ? block_signals() : sigset_t{};
    Log log(config.log);
    std::optional<Signals> signals;
    if (serves) {
        signals.emplace(blocked, log);
    }
    for (const std::string& warning : config.warnings) {
        log.warn(warning);
    }
    auto start = prepare(config, environment);
    log.flush();  // What other parts of the program print comes after the warnings.
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
    if (config.demo.enabled) {
        config.organizations = {demo_organization()};
    }
    log.debug("starting", {{"version", std::string(version())}, {"revision", std::string(revision())}});
    if (const std::string share = config::share_in_words(config); !share.empty()) {
        log.info(config.organizations.empty() ? share + ": only its own health is served" : share);
    }
    switch (config.mode) {
        case config::Mode::check:
            return check(config);
        case config::Mode::once:
            // Not on this thread, to which the kernel gives signals: one that hangs in a file system handles
            // none, and what handles them here removes the unfinished file.
            return std::async(std::launch::async, [&] { return poll_once(config, *start, log); }).get();
        default:
            return serve(config, *start, log, *signals);
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
    auto outcome = config::load(arguments, environment, version_text(), check_web_file);
    wipe_credentials(environment);
    return std::visit(Finish{environment}, outcome);
}

}  // namespace exporter::app
