#include "app/run.h"

#include "app/check.h"
#include "app/log.h"
#include "app/monitoring.h"
#include "app/process.h"
#include "app/serve.h"
#include "app/source.h"
#include "app/web_server.h"
#include "base/replacement_file.h"
#include "metrics/catalog.h"

#include <fmt/format.h>
#include <tl/expected.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

namespace exporter::app {

namespace {

constexpr int succeeded = 0;
constexpr int failed = 1;
constexpr int wrong_configuration = 2;

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
    // Only who serves has something to finish, and only --once something to remove; the other modes end as
    // any command does.
    if (config.mode == config::Mode::once) {
        end_by_signals(base::ReplacementFile::abandon_all);
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
            return poll_once(config, *start, log);
        default:
            return serve(config, *start, log, *signals);
    }
}

}  // namespace

int run(const std::vector<std::string>& arguments, config::Environment environment) {
    auto outcome = config::load(arguments, environment, version_text(), check_web_file);
    wipe_credentials(environment);
    if (const auto* const information = std::get_if<config::Information>(&outcome)) {
        fmt::print("{}", information->text);
        return succeeded;
    }
    if (const auto* const mistakes = std::get_if<config::Mistakes>(&outcome)) {
        return report(mistakes->lines);
    }
    return run_mode(std::get<config::Config>(std::move(outcome)), environment);
}

}  // namespace exporter::app
