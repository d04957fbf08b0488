// The program's web server: what it serves of the monitoring, and the web configuration file
// (`--web.config.file`) with the log and the metrics of its reloads.
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

/// The error is all mistakes, with their places.
///
/// @param reloads records the outcome of the reading under `web` if there is a file
[[nodiscard]] tl::expected<http::Protection, base::MistakeLines> load_web_protection(
    const config::Web& web, metrics::Reloads& reloads, base::FileReader reader = base::file_reader(),
    scan::Clock& clock = scan::system_clock());

/// Refreshes `protection` every second until `stop` is requested, and hands over what is new. An exception,
/// such as when memory runs out, is a reading that failed: it is logged, and tried again.
void watch_web_protection(http::Protection& protection, Log& log, metrics::Reloads& reloads,
                          const std::stop_token& stop,
                          const std::function<void(std::shared_ptr<const http::Security>)>& take_up,
                          scan::Clock& clock = scan::system_clock());

/// As `config::WebFileCheck` has it.
void check_web_file(const config::Web& web, base::MistakeLines& mistakes, std::vector<std::string>& warnings);

/// Whether the main addresses speak TLS.
[[nodiscard]] bool is_encrypted(const http::Protection& protection);

/// Starts the server with all routes of `monitoring`, which must outlive it, and logs its addresses. It takes
/// no more connections than the limit of open files has room for.
/// @param inherited_sockets the server takes them over
[[nodiscard]] tl::expected<std::unique_ptr<http::Server>, std::string> start_server(
    const Monitoring& monitoring, std::vector<int> inherited_sockets, const http::Protection& protection,
    Log& log);

}  // namespace exporter::app
