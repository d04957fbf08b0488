// The program's web server: the monitoring routes, and the web configuration file (`--web.config.file`),
// including the log lines and metrics of its reloads.
#pragma once

#include "app/log.h"
#include "app/monitoring.h"
#include "config/config.h"
#include "http/protection.h"
#include "http/server.h"
#include "metrics/catalog.h"
#include "scan/clock.h"

#include <tl/expected.hpp>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace exporter::app {

/// The error lists every mistake, with its location.
///
/// @param reloads records under `web` whether the file, if any, could be read
[[nodiscard]] tl::expected<http::Protection, base::MistakeLines> load_web_protection(
    const config::Web& web, metrics::Reloads& reloads, base::FileReader reader = base::file_reader(),
    scan::Clock& clock = scan::system_clock());

/// Refreshes `protection` every second until `stop` is requested, and passes on changes. An exception (out of
/// memory, for example) counts as a failed reload: it is logged, and the reload is retried.
void watch_web_protection(http::Protection& protection, Log& log, metrics::Reloads& reloads,
                          const std::stop_token& stop,
                          const std::function<void(std::shared_ptr<const http::Security>)>& take_up,
                          scan::Clock& clock = scan::system_clock());

/// See `config::WebFileCheck`.
void check_web_file(const config::Web& web, base::MistakeLines& mistakes, std::vector<std::string>& warnings);

/// Whether the main addresses use TLS.
[[nodiscard]] bool is_encrypted(const http::Protection& protection);

/// Starts the server with all routes of `monitoring`, which must outlive it, and logs its addresses. It
/// accepts no more connections than the limit on open files allows.
/// @param inherited_sockets owned by the server from now on
[[nodiscard]] tl::expected<std::unique_ptr<http::Server>, std::string> start_server(
    const Monitoring& monitoring, std::vector<int> inherited_sockets, const http::Protection& protection,
    Log& log);

}  // namespace exporter::app
