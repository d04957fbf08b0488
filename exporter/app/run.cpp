#include "app/run.h"

#include "app/log.h"
#include "app/monitoring.h"
#include "app/process.h"
#include "app/reload.h"
#include "app/source.h"
#include "app/web_server.h"
#include "base/replacement_file.h"
#include "base/text.h"
#include "http/protection.h"
#include "inventory/findings.h"
#include "metrics/catalog.h"
#include "scan/clock.h"

#include <fmt/format.h>
#include <tl/expected.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
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

namespace exporter::app {

namespace {

constexpr int succeeded = 0;
constexpr int failed = 1;
constexpr int wrong_configuration = 2;

using namespace std::chrono_literals;

/// Maximum time from a signal that ends the program to the end of the process, whatever hangs: a disk, a name
/// server, a password check. SECURITY.md and reference.md promise three seconds; the difference allows for a
/// busy machine.
constexpr auto longest_end = 2500ms;

/// Lets answers in progress finish, so that a scrape during shutdown is not lost.
constexpr auto grace_of_answers = 500ms;

enum class Effect {
    end,     ///< orderly shutdown
    reload,  ///< reload the configuration
    none
};

struct SignalRule {
    int number;
    std::string_view name;
    Effect effect;
};

/// Signals that people, terminals and supervisors send and whose default action would end the process at
/// once.
constexpr std::array<SignalRule, 6> signal_rules = {{{SIGTERM, "SIGTERM", Effect::end},
                                                     {SIGINT, "SIGINT", Effect::end},
                                                     {SIGQUIT, "SIGQUIT", Effect::end},
                                                     {SIGHUP, "SIGHUP", Effect::reload},
                                                     {SIGUSR1, "SIGUSR1", Effect::none},
                                                     {SIGUSR2, "SIGUSR2", Effect::none}}};

/// Blocks the signals of `signal_rules` in this thread and all threads that it starts. Call it before any
/// other thread starts.
sigset_t block_signals() {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const SignalRule& rule : signal_rules) {
        ::sigaddset(&set, rule.number);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

/// Handles the signals of `block_signals` on its own thread. After a signal that ends the program, the
/// process ends within `longest_end`, whatever hangs.
class Signals {
  public:
    /// @param log gets a line for each signal; must outlive this object
    Signals(const sigset_t& blocked, Log& log) : shared_(std::make_shared<Shared>()) {
        shared_->log = &log;
        // Detached: it must outlive everything else, to end the process if something hangs.
        std::thread([blocked, shared = shared_] { shared->run(blocked); }).detach();
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() {
        const std::lock_guard lock(shared_->mutex);
        shared_->log = nullptr;
    }

    /// Waits for a signal that ends the program, and returns its name.
    [[nodiscard]] std::string_view wait_for_end() { return shared_->end.get_future().get(); }

    /// @param monitoring asked for unsaved states if the shutdown takes too long; must stay valid until the
    /// next call, or outlive this object. Null: there is nothing to save
    void set_monitoring(const Monitoring* monitoring) {
        const std::lock_guard lock(shared_->mutex);
        shared_->monitoring = monitoring;
    }

    /// @param reloader asked to reload on the signal, or at once if the signal has already come; must stay
    /// valid until the next call, or outlive this object. Null: nothing can be reloaded
    void set_reloader(Reloader* reloader) {
        const std::lock_guard lock(shared_->mutex);
        shared_->reloader = reloader;
        if (reloader != nullptr && std::exchange(shared_->reload_is_due, false)) {
            reloader->request();
        }
    }

  private:
    struct Shared {
        std::promise<std::string_view> end;
        std::mutex mutex;
        // Protected by mutex:
        Log* log = nullptr;  ///< null: the log has gone
        const Monitoring* monitoring = nullptr;
        Reloader* reloader = nullptr;
        bool reload_is_due = false;  ///< requested before there was a reloader

        [[noreturn]] void run(sigset_t awaited) {
            for (;;) {
                int number = 0;
                if (::sigwait(&awaited, &number) != 0) {
                    continue;
                }
                const auto* const rule = std::ranges::find(signal_rules, number, &SignalRule::number);
                switch (rule->effect) {
                    case Effect::end:
                        end.set_value(rule->name);
                        end_at_last();
                    case Effect::reload:
                        reload();
                        break;
                    case Effect::none:
                        ::sigdelset(&awaited, number);  // Each is logged once: nobody can flood the log.
                        ignore(rule->name);
                        break;
                }
            }
        }

        void reload() {
            const std::lock_guard lock(mutex);
            if (reloader != nullptr) {
                reloader->request();
            } else {
                reload_is_due = true;
            }
        }

        void ignore(std::string_view name) {
            const std::lock_guard lock(mutex);
            if (log != nullptr) {
                log->warn("the signal is ignored", {{"signal", name}});
            }
        }

        /// Ends the process even if something hangs.
        [[noreturn]] void end_at_last() {
            std::this_thread::sleep_for(longest_end - Log::longest_flush);
            const std::lock_guard lock(mutex);
            if (log != nullptr) {
                log->warn("the shutdown is taking too long; exiting with work unfinished");
                log->flush();
            }
            std::_Exit(monitoring != nullptr && monitoring->has_unsaved_state() ? EXIT_FAILURE
                                                                                : EXIT_SUCCESS);
        }
    };
    const std::shared_ptr<Shared> shared_;
};

/// Unknown findings in `--list`.
base::MistakeLines mistakes_in(const config::List& list) {
    std::vector<std::string> known;
    for (const inventory::FindingRow& row : inventory::findings()) {
        known.emplace_back(row.reason);
    }
    base::MistakeLines mistakes;
    for (const std::string& reason : list.reasons) {
        if (std::ranges::find(known, reason) == known.end()) {
            mistakes.push_back(fmt::format("--list: {} is not a finding{}; the findings are {}",
                                           base::quote(reason), base::did_you_mean(reason, known),
                                           base::join(known)));
        }
    }
    return mistakes;
}

/// Possible only in modes that need none, such as `--config.check`.
bool lacks_credentials(const config::Config& config) {
    return std::ranges::any_of(config.organizations, [](const auto& organization) {
        return !organization.credentials.app_key && !organization.credentials.bearer_token;
    });
}

/// Readable by node_exporter's textfile collector, unless the metrics name tokens and people.
base::ReplacementOptions output_options(const config::Config& config) {
    return {.links = base::Links::followed,
            .mode = config.tokens.detail == config::Detail::none ? 0644U : 0600U,
            .keep_mode = true};
}

int poll_once(const config::Config& config, const metrics::Reloads& reloads, Log& log) {
    Monitoring monitoring(config, log, &reloads);
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

/// What serving needs in addition to the configuration.
struct Service {
    http::Protection& protection;
    std::vector<int> inherited_sockets;
    metrics::Reloads& reloads;
    Log& log;
    Signals& signals;
    Reloader::Load load;
};

/// Polls and serves until a signal ends the program.
int serve(config::Config config, Service service) {
    Log& log = service.log;
    if (!config.config_file.empty()) {
        service.reloads.succeeded(config_reload_label, scan::system_clock().now());
    }
    Monitoring monitoring(std::move(config), log, &service.reloads);
    const auto server =
        start_server(monitoring, std::move(service.inherited_sockets), service.protection, log);
    if (!server) {
        log.error("the server can't start", {{"error", server.error()}});
        return failed;
    }
    service.signals.set_monitoring(&monitoring);
    monitoring.start();
    Reloader reloader(std::move(service.load), monitoring, log, service.reloads);
    std::jthread reloading([&](const std::stop_token& stop) { reloader.run(stop); });
    service.signals.set_reloader(&reloader);
    std::jthread watching([&](const std::stop_token& stop) {
        watch_web_protection(service.protection, log, service.reloads, stop,
                             [&](auto security) { (*server)->secure(std::move(security)); });
    });

    const std::string_view signal = service.signals.wait_for_end();
    log.info("shutting down", {{"signal", signal}});
    service.signals.set_reloader(nullptr);
    watching.request_stop();
    reloading.request_stop();
    // Runs while the state is saved, so that a Unix socket's file is removed even if a disk hangs.
    const std::jthread closing([&] { (*server)->stop(grace_of_answers); });
    // Doesn't wait for a reload to end, so that the state is saved even if the disk with the configuration
    // hangs.
    monitoring.stop();
    service.signals.set_monitoring(nullptr);
    return succeeded;
}

/// Replaces the organizations with the simulated one under `--demo`.
config::Config with_demo(config::Config config) {
    if (config.demo.enabled) {
        config.organizations = {demo_organization()};
    }
    return config;
}

int run_mode(config::Config config, const config::Environment& environment, const Reloader::Load& load) {
    set_up_process();
    // Only serving has work to finish, and only --once has something to remove; the other modes keep the
    // default signal handling.
    if (config.mode == config::Mode::once) {
        end_by_signals(base::ReplacementFile::abandon_all);
    }
    if (const auto mistakes = mistakes_in(config.list); !mistakes.empty()) {
        return report(mistakes);
    }
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
    // Further mistakes in a configuration that show only when it is used.
    metrics::Reloads reloads;
    auto protection = load_web_protection(config.web, reloads);
    tl::expected<std::vector<int>, std::string> sockets;
    if (protection && serves && config.web.systemd_socket) {
        sockets = inherited_sockets(environment, ::getpid());
    }
    log.flush();  // Output from other parts of the program must come after the warnings.
    if (!protection) {
        return report(protection.error());
    }
    if (!sockets) {
        return report({sockets.error()});
    }
    if (config.mode == config::Mode::config_check) {
        const std::string share = config::share_in_words(config);
        fmt::print("configuration OK: {} organization(s){}{}\n",
                   config.demo.enabled ? 1 : config.organizations_configured,
                   share.empty() ? "" : "; this replica " + share,
                   lacks_credentials(config) ? "; no credentials were given to check" : "");
        return succeeded;
    }
    if (config.mode == config::Mode::probe) {
        return probe(config, is_encrypted(*protection));
    }
    config = with_demo(std::move(config));
    log.debug("starting", {{"version", version()}, {"revision", revision()}});
    if (const std::string share = config::share_in_words(config); !share.empty()) {
        if (config.mode == config::Mode::list) {
            log.warn(share + ": other replicas list the tokens of the rest");
        } else {
            log.info(config.organizations.empty() ? share + ": only its own health is served" : share);
        }
    }
    switch (config.mode) {
        case config::Mode::check:
            return check(config);
        case config::Mode::list:
            return list(config, environment, log);
        case config::Mode::once:
            return poll_once(config, reloads, log);
        default:
            return serve(std::move(config), {*protection, *std::move(sockets), reloads, log, *signals, load});
    }
}

}  // namespace

int run(const std::vector<std::string>& arguments, config::Environment environment) {
    auto outcome = config::load(arguments, environment, version_text(), check_web_file);
    if (const auto* const information = std::get_if<config::Information>(&outcome)) {
        fmt::print("{}", information->text);
        return succeeded;
    }
    const SealedEnvironment sealed(environment);
    if (const auto* const mistakes = std::get_if<config::Mistakes>(&outcome)) {
        return report(mistakes->lines);
    }
    const auto reload = [&](const config::Config& running) {
        config::Environment opened = sealed.open();
        auto again = config::load(arguments, opened, version_text(), check_web_file, &running);
        wipe_credentials(opened);
        if (auto* const config = std::get_if<config::Config>(&again)) {
            *config = with_demo(std::move(*config));
        }
        return again;
    };
    return run_mode(std::get<config::Config>(std::move(outcome)), environment, reload);
}

}  // namespace exporter::app
