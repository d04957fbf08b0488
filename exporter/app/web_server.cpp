#include "app/web_server.h"

#include "app/process.h"
#include "web/routes.h"
#include "web/status_page.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <exception>
#include <utility>

namespace exporter::app {

namespace {

/// The `file` label of this file's reload metrics.
constexpr const char* reload_label = "web";

void fail(std::string_view error, Log& log, metrics::Reloads& reloads) noexcept {
    try {
        reloads.failed(reload_label);
        log.error("the web configuration can't be used; keeping the previous one", {{"error", error}});
    } catch (const std::exception&) {
        // Not enough memory to log; the metric shows the failure.
    }
}

void refresh(http::Protection& protection, Log& log, metrics::Reloads& reloads) {
    const auto refreshed = protection.refresh();
    if (!refreshed) {
        fail(refreshed.error(), log, reloads);
    } else if (*refreshed) {
        log.info("web configuration reloaded", {{"file", protection.path()}});
        for (const std::string& warning : protection.warnings()) {
            log.warn(warning);
        }
    }
}

web::PageSettings page_settings(const config::Config& config) {
    return {.version = std::string(version()),
            .telemetry_path = config.web.telemetry_path,
            .share = config::share_in_words(config),
            .interval = config.poll.interval,
            .stale_after = config.poll.stale_after,
            .policy = policy_of(config.policy)};
}

/// Reduces the number of connections to what the limit on open files allows.
config::Web within_open_files(const config::Web& wanted, Log& log) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return wanted;
    }
    config::Web web = within_descriptors(wanted, files.rlim_cur);
    if (web.max_connections < wanted.max_connections) {
        log.warn(
            "fewer connections than --web.max-connections: the limit of open files (RLIMIT_NOFILE) is too "
            "low",
            {{"max_connections", web.max_connections}, {"open_files", files.rlim_cur}});
    }
    return web;
}

/// `http://localhost:10077`, clickable; for a Unix socket, in the form of curl's --unix-socket.
std::string url_of(base::ListenAddress address, bool encrypted) {
    if (!address.unix_path.empty()) {
        return base::listen_address_text(address) + ":";
    }
    if (address.host == "0.0.0.0" || address.host == "::") {
        address.host = "localhost";
    }
    return fmt::format("{}://{}", encrypted ? "https" : "http", base::listen_address_text(address));
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

}  // namespace

tl::expected<http::Protection, base::MistakeLines> load_web_protection(const config::Web& web,
                                                                       metrics::Reloads& reloads,
                                                                       base::FileReader reader,
                                                                       scan::Clock& clock) {
    auto protection = http::Protection::load(web.config_file, web.world_readable, std::move(reader));
    if (protection && !web.config_file.empty()) {
        reloads.succeeded(reload_label, clock.now());
    }
    return protection;
}

void watch_web_protection(http::Protection& protection, Log& log, metrics::Reloads& reloads,
                          const std::stop_token& stop,
                          const std::function<void(std::shared_ptr<const http::Security>)>& take_up,
                          scan::Clock& clock) {
    // No inotify: Kubernetes replaces mounted files by renaming a symbolic link two levels above them.
    constexpr std::chrono::seconds interval{1};
    auto in_use = protection.security();
    while (clock.wait_until(clock.steady_now() + interval, stop)) {
        try {
            refresh(protection, log, reloads);
            // Its return value isn't enough: it may have thrown after the change, and so may `take_up`.
            if (protection.security() != in_use) {
                take_up(protection.security());
                in_use = protection.security();
                reloads.succeeded(reload_label, clock.now());
            }
        } catch (const std::exception& exception) {
            fail(exception.what(), log, reloads);
        }
    }
}

void check_web_file(const config::Web& web, base::MistakeLines& mistakes,
                    std::vector<std::string>& warnings) {
    http::WebFileReading reading =
        http::read_web_file(web.config_file, base::file_reader(), web.world_readable);
    if (!reading.file) {
        mistakes.insert(mistakes.end(), reading.file.error().begin(), reading.file.error().end());
    }
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
}

bool is_encrypted(const http::Protection& protection) {
    return protection.security() && protection.security()->tls;
}

tl::expected<std::unique_ptr<http::Server>, std::string> start_server(const Monitoring& monitoring,
                                                                      std::vector<int> inherited_sockets,
                                                                      const http::Protection& protection,
                                                                      Log& log) {
    const auto config = monitoring.config();
    web::RouteOptions routes;
    routes.telemetry_path = config->web.telemetry_path;
    routes.expositions = &monitoring.expositions();
    routes.alive = [&monitoring] { return monitoring.alive(); };
    routes.ready = [&monitoring] { return monitoring.ready(); };
    routes.status_page = [&monitoring] {
        return web::status_page(page_settings(*monitoring.config()), monitoring.statuses(),
                                scan::system_clock().now());
    };
    routes.configuration = [&monitoring] { return monitoring.config()->in_effect; };

    const config::Web web = within_open_files(config->web, log);
    http::ServerOptions options;
    options.addresses = web.listen_addresses;
    options.probe_addresses = web.probe_listen_addresses;
    options.inherited_sockets = std::move(inherited_sockets);
    options.max_connections = web.max_connections;
    options.max_connections_per_address = web.max_connections_per_address;
    options.max_answers = web.max_scrapes;
    options.is_probe = web::is_probe;
    options.realm = "datadog_token_exporter";
    auto server = http::Server::start(options, web::make_handler(std::move(routes)), protection.security());
    if (server) {
        log_addresses(**server, web, is_encrypted(protection), log);
    }
    return server;
}

}  // namespace exporter::app
