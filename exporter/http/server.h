// http/: a web server for exporters, what Prometheus' exporter-toolkit is in Go. Comes in: addresses, limits,
// a handler that answers requests from memory, and optionally a `Security`, which `Protection` makes of a
// `--web.config.file`. Goes out: HTTP/1.1 with TLS, passwords, a rate limit and deadlines that hold whatever
// clients do, all on one thread of its own. It knows nothing of tokens, metrics, logs or flags: another
// exporter could lift the room out whole, with `base/`.
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

/// A request's head, as far as routes need it.
struct Request {
    std::string method;  ///< `GET`, `HEAD`, …
    std::string path;    ///< without the query
    // All fields of the name, joined by commas; empty when there is none:
    std::string accept;
    std::string accept_encoding;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a route answers. The body is `shared_body` (may be null) followed by `own_body`. For HEAD the server
/// sends only the head.
struct Response {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    Headers headers;  ///< beside those the server sets itself
    std::shared_ptr<const std::string> shared_body;
    std::string own_body;
};

/// Answers one request. Called on the server's thread: must not wait.
using Handler = std::function<Response(const Request&)>;

struct ServerOptions {
    std::vector<base::ListenAddress> addresses;
    std::size_t max_connections = 1024;
    /// From one IPv4 address or one /64 of IPv6.
    std::size_t max_connections_per_address = 256;
    /// Answers that clients have not taken yet. Beyond, the one of which nothing was taken for the longest
    /// time is cut off, when that is a tenth of a second at least; else the new request is answered with 503.
    std::size_t max_answers = 64;
    /// From the connection, or the first byte of a next request, to the last byte of its head.
    std::chrono::milliseconds request_deadline = std::chrono::seconds(10);
    /// Between two requests of a kept-alive connection.
    std::chrono::milliseconds idle_deadline = std::chrono::seconds(330);
    /// For writing one whole response.
    std::chrono::milliseconds response_deadline = std::chrono::seconds(30);
    /// Paths that are served beyond all these limits. None: no path is.
    std::function<bool(std::string_view path)> is_probe = {};
    /// Where probes alone are served, without protection and with connections of their own.
    std::vector<base::ListenAddress> probe_addresses = {};
    /// Listening sockets that came with the process; the server takes them over.
    std::vector<int> inherited_sockets = {};
    /// What a client is asked a password for.
    std::string realm = "metrics";
};

/// How the server protects what it serves. Immutable; a new one replaces it whole while the server runs.
struct Security {
    std::shared_ptr<const TlsContext> tls;         ///< null: plain HTTP
    std::shared_ptr<Authenticator> authenticator;  ///< null: everybody is let in
    std::shared_ptr<RateLimiter> rate_limiter;     ///< null: no limit; used on the server's thread alone
    Headers headers;  ///< added to every response that does not have them of its own
};

/// An HTTP/1.1 server on one thread of its own.
class Server {
  public:
    /// Binds and listens. The error names the address and what would help (port in use, port below 1024, no
    /// such address).
    /// @param security null: plain HTTP, open to everyone
    [[nodiscard]] static tl::expected<std::unique_ptr<Server>, std::string> start(
        const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security = nullptr);

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// `stop(0)`.
    virtual ~Server() = default;

    /// From now on. Connections that idle are closed, the others end with their answer.
    virtual void secure(std::shared_ptr<const Security> security) = 0;

    /// As bound: the inherited sockets, then `ServerOptions::addresses`. Tells the number that port 0 became.
    [[nodiscard]] virtual const std::vector<base::ListenAddress>& addresses() const = 0;
    /// Those of the probes.
    [[nodiscard]] virtual const std::vector<base::ListenAddress>& probe_addresses() const = 0;
    [[nodiscard]] virtual std::size_t connections() const = 0;

    /// Stops accepting, lets answers under way finish for at most `grace`, closes the rest and joins the
    /// thread.
    virtual void stop(std::chrono::milliseconds grace) = 0;

  protected:
    Server() = default;
};

}  // namespace exporter::http
