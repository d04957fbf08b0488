// What is served where: metrics, health, readiness, the status page and the configuration.
#pragma once

#include "http/server.h"
#include "metrics/exposition.h"

#include <functional>
#include <string>
#include <string_view>

namespace exporter::web {

/// The program's health in the words of Kubernetes' probes. Both are called on the server's thread and must
/// not wait.
struct Health {
    std::function<bool()>
        alive;  ///< the process and at least one organization's polls move, whatever Datadog does
    std::function<bool()> ready;  ///< every organization has finished a first attempt
};

struct RouteOptions {
    std::string telemetry_path = "/metrics";
    const metrics::ExpositionStore* expositions = nullptr;  ///< must outlive the handler
    Health health;
    std::function<std::string()> status_page;  ///< a whole HTML document
    std::string configuration{};               ///< the one in effect, for people; without secrets
};

/// Whether a path is one of health: `/healthz`, `/livez`, `/readyz`.
[[nodiscard]] bool is_probe(std::string_view path);

/// `/metrics` (or `telemetry_path`), `/healthz` and `/livez`, `/readyz`, `/`, `/config`; 404 elsewhere, 405
/// for other methods than GET and HEAD.
[[nodiscard]] http::Handler make_handler(RouteOptions options);

}  // namespace exporter::web
