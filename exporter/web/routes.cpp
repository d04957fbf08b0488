#include "web/routes.h"

#include "http/request.h"
#include "web/status_page.h"

#include <array>
#include <string_view>
#include <utility>

namespace exporter::web {
namespace {

/// The default first.
constexpr std::array<http::MediaType, 2> formats = {
    {{"text/plain", "0.0.4"}, {"application/openmetrics-text", "1.0.0"}}};

http::Response text(unsigned status, std::string body) {
    http::Response response;
    response.status = status;
    response.own_body = std::move(body);
    return response;
}

http::Response probe(bool good, std::string_view complaint) {
    return good ? text(200, "ok\n") : text(503, std::string(complaint) + '\n');
}

http::Response metrics_page(const metrics::ExpositionStore& expositions, const http::Request& request) {
    const bool openmetrics = http::preferred_type(request.accept, formats) == 1;
    const auto format = openmetrics ? metrics::Format::openmetrics : metrics::Format::text;
    const auto encoding =
        http::prefers_gzip(request.accept_encoding) ? metrics::Encoding::gzip : metrics::Encoding::identity;
    auto body = expositions.scrape(format, encoding);
    http::Response response;
    response.content_type = metrics::content_type(format);
    response.headers = {{"Vary", "Accept, Accept-Encoding"}};
    if (encoding == metrics::Encoding::gzip) {
        response.headers.emplace_back("Content-Encoding", "gzip");
    }
    response.shared_body = std::move(body.head);
    response.own_body = std::move(body.tail);
    return response;
}

http::Response page(std::string document) {
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.headers = {{"Content-Security-Policy", content_security_policy()},
                        {"Referrer-Policy", "no-referrer"}};
    response.own_body = std::move(document);
    return response;
}

http::Response route(const RouteOptions& options, const http::Request& request) {
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = text(405, "only GET and HEAD are served here\n");
        response.headers.emplace_back("Allow", "GET, HEAD");
        return response;
    }
    if (request.path == options.telemetry_path) {
        return metrics_page(*options.expositions, request);
    }
    if (request.path == "/healthz" || request.path == "/livez") {
        return probe(options.alive(), "polling is stuck");
    }
    if (request.path == "/readyz") {
        return probe(options.ready(), "an organization has not been polled yet");
    }
    if (request.path == "/") {
        return page(options.status_page());
    }
    if (request.path == "/config") {
        return text(200, options.configuration());
    }
    return text(404, "not found\n");
}

}  // namespace

bool is_probe(std::string_view path) {
    return path == "/healthz" || path == "/livez" || path == "/readyz";
}

http::Handler make_handler(RouteOptions options) {
    return [options = std::move(options)](const http::Request& request) { return route(options, request); };
}

}  // namespace exporter::web
