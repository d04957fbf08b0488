// http/: a web server for exporters, like Prometheus' exporter-toolkit in Go. In: addresses, limits, a
// handler that answers requests from memory, and optionally a `Security`, which `Protection` makes from a
// `--web.config.file`. Out: HTTP/1.1 with TLS, passwords, a rate limit and deadlines that hold whatever
// clients do, all on its own thread. It knows nothing about tokens, metrics, logs or flags: another exporter
// could reuse it together with `base/`.
//
//     auto server = http::Server::start({.addresses = {{"", 9100}}}, [](const http::Request& request) {
//         return http::Response{.status = request.path == "/metrics" ? 200U : 404U, .own_body = "up 1\n"};
//     });
//     if (!server) { complain(server.error()); }
#pragma once

#include "base/address.h"

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

class Authenticator;
class RateLimiter;
class TlsContext;

/// The parts of a request's head that routes need.
struct Request {
    std::string method;  ///< `GET`, `HEAD`, …
    std::string path;    ///< without the query
    // All header fields with this name, joined by commas; empty if there are none:
    std::string accept;
    std::string accept_encoding;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A route's answer. The body is `shared_body` (may be null) followed by `own_body`. For HEAD the server
/// sends only the head.
struct Response {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    Headers headers;  ///< in addition to those set by the server
    std::shared_ptr<const std::string> shared_body;
    std::string own_body;
};

/// Answers one request. Called on the server's thread: must not block.
using Handler = std::function<Response(const Request&)>;

struct ServerOptions {
    std::vector<base::ListenAddress> addresses;
    std::size_t max_connections = 1024;
    /// From one IPv4 address or one /64 of IPv6.
    std::size_t max_connections_per_address = 256;
    /// Maximum number of answers that clients have not fully read. Beyond it, the answer that has made no
    /// progress for the longest time is cut off if that is at least a tenth of a second; otherwise the new
    /// request gets a 503.
    std::size_t max_answers = 64;
    /// From connecting, or from the first byte of a later request, to the last byte of the head.
    std::chrono::milliseconds request_deadline = std::chrono::seconds(10);
    /// Between two requests of a kept-alive connection.
    std::chrono::milliseconds idle_deadline = std::chrono::seconds(330);
    /// For writing one whole response.
    std::chrono::milliseconds response_deadline = std::chrono::seconds(30);
    /// Paths of health probes, which are answered although a limit on connections, answers or (without a
    /// password) requests is reached. The deadlines apply to them too.
    std::function<bool(std::string_view path)> is_probe = {};
    /// Addresses that serve only probes, without protection and with separate connection limits.
    std::vector<base::ListenAddress> probe_addresses = {};
    /// Inherited listening sockets; the server takes them over.
    std::vector<int> inherited_sockets = {};
    /// The realm that password prompts show.
    std::string realm = "metrics";
};

/// The server's protection. Immutable; replaced as a whole while the server runs.
struct Security {
    std::shared_ptr<const TlsContext> tls;         ///< null: plain HTTP
    std::shared_ptr<Authenticator> authenticator;  ///< null: no password is needed
    std::shared_ptr<RateLimiter> rate_limiter;     ///< null: no limit; used only on the server's thread
    Headers headers;                               ///< added to every response that lacks them
};

/// An HTTP/1.1 server on its own thread.
class Server {
  public:
    /// Binds and listens. The error names the address and says how to fix the problem (port in use, port
    /// below 1024, no such address).
    /// @param security null: plain HTTP, open to everyone
    [[nodiscard]] static tl::expected<std::unique_ptr<Server>, std::string> start(
        const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security = nullptr);

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Calls `stop(0)`.
    virtual ~Server() = default;

    /// Replaces the protection. Closes idle connections; the others close after their answer.
    virtual void secure(std::shared_ptr<const Security> security) = 0;

    /// The bound addresses: of the inherited sockets, then of `ServerOptions::addresses`. Port 0 is replaced
    /// by the actual port.
    [[nodiscard]] virtual const std::vector<base::ListenAddress>& addresses() const = 0;
    /// The probe addresses.
    [[nodiscard]] virtual const std::vector<base::ListenAddress>& probe_addresses() const = 0;
    [[nodiscard]] virtual std::size_t connections() const = 0;

    /// Stops accepting, gives current answers at most `grace` to finish, closes the rest and joins the
    /// thread.
    virtual void stop(std::chrono::milliseconds grace) = 0;

  protected:
    Server() = default;
};

}  // namespace exporter::http
