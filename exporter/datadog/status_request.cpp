#include "datadog/status_request.h"

#include "datadog/transport.h"
#include "datadog/wire.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <optional>

namespace exporter::datadog {

namespace {

/// Of an answer's head: as many as most clients take. The body is not read.
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 10;

Error failure(const Transport& http, const Wire& wire, httplib::Error error) {
    if (error == httplib::Error::Connection && http.failure()) {
        return *http.failure();
    }
    if (!wire.excess().empty()) {
        return {ErrorKind::too_large, "it sent " + wire.excess(), std::nullopt};
    }
    if (wire.was_silent()) {
        return {ErrorKind::timeout, "none in time", std::nullopt};
    }
    return {ErrorKind::network, httplib::to_string(error), std::nullopt};
}

}  // namespace

Result<int> status_of(const StatusRequest& request, std::chrono::milliseconds limit) {
    const bool is_unix = !request.unix_path.empty();
    config::Endpoint target = request.endpoint;
    if (is_unix) {
        target.host = request.unix_path;
    }
    const TlsContext trust = TlsContext::of_anybody();
    Wire wire;
    Transport http(target, std::nullopt, trust, wire);
    if (is_unix) {
        http.set_address_family(AF_UNIX);
    }
    http.set_connection_timeout(limit);
    http.set_read_timeout(limit);
    http.set_write_timeout(limit);

    httplib::Request http_request;
    http_request.method = "GET";
    http_request.path = request.path;
    const std::string url = request.endpoint.url();
    http_request.headers = {{"Host", is_unix ? "localhost" : url.substr(url.find("://") + 3)}};
    http_request.response_handler = [](const httplib::Response&) { return false; };

    wire.begin(most_bytes, limit, std::chrono::steady_clock::now() + limit);
    httplib::Response response;
    auto error = httplib::Error::Success;
    const bool whole = http.send(http_request, response, error);
    if (!whole && error != httplib::Error::Canceled) {  // The handler's word: the head was read.
        return tl::unexpected(failure(http, wire, error));
    }
    return response.status;
}

}  // namespace exporter::datadog
