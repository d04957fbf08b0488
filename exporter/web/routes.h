// web/: the pages that the program serves: `/metrics` from the exposition store, health and readiness, the
// status page and the configuration in effect. Takes plain values and functions (inventories, statistics, the
// store) and returns an `http::Handler`. Nothing here polls, keeps state, or knows the configuration's types,
// sockets or TLS: `app/` passes in what to show.
#pragma once

#include "http/server.h"
#include "metrics/exposition.h"

#include <functional>
#include <string>
#include <string_view>

namespace exporter::web {

/// The functions are called on the server's thread and must not block.
struct RouteOptions {
    std::string telemetry_path = "/metrics";
    const metrics::ExpositionStore* expositions = nullptr;  ///< must outlive the handler
    /// Whether the scheduler and at least one organization's polls make progress, whatever Datadog does.
    std::function<bool()> alive;
    std::function<bool()> ready;               ///< whether every organization has finished its first poll
    std::function<std::string()> status_page;  ///< a whole HTML document
    /// The configuration in effect, as text for people, without secrets.
    std::function<std::string()> configuration = [] { return std::string(); };
};

/// Whether the path is a health check: `/healthz`, `/livez`, `/readyz`.
[[nodiscard]] bool is_probe(std::string_view path);

/// `/metrics` (or `telemetry_path`), `/healthz` and `/livez`, `/readyz`, `/`, `/config`; 404 elsewhere, 405
/// for methods other than GET and HEAD.
[[nodiscard]] http::Handler make_handler(RouteOptions options);

}  // namespace exporter::web
