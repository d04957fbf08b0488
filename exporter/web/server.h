// web/: the HTTP server and its routes. Knows bytes and health, not tokens.
#pragma once

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::web {

/// A request's head, as far as routes need it.
struct Request {
    std::string_view method;  ///< `GET`, `HEAD`, …
    std::string_view path;    ///< without the query
    // All fields of the name, joined by commas; empty when there is none:
    std::string_view accept;
    std::string_view accept_encoding;
};

/// What a route answers. The body is `shared_body` (may be null) followed by `own_body`. For HEAD the server
/// sends only the head.
struct Response {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;  ///< beside those the server sets itself
    std::shared_ptr<const std::string> shared_body;
    std::string own_body;
};

/// Answers one request. Called on the server's thread: must not wait.
using Handler = std::function<Response(const Request&)>;

struct Address {
    std::string host;  ///< name or address; empty: all addresses, IPv6 and IPv4
    std::uint16_t port = 0;
};

struct ServerOptions {
    std::vector<Address> addresses;
    std::size_t max_connections = 1024;
    /// From the first wait for a request to its last header byte; a kept-alive connection may idle as long.
    std::chrono::milliseconds request_deadline = std::chrono::seconds(10);
    /// For writing one whole response.
    std::chrono::milliseconds response_deadline = std::chrono::seconds(30);
};

/// An HTTP/1.1 server on one thread of its own.
class Server {
  public:
    /// Binds and listens. The error names the address and what would help (port in use, port below 1024, no
    /// such address).
    [[nodiscard]] static tl::expected<std::unique_ptr<Server>, std::string> start(
        const ServerOptions& options, Handler handler);

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// `stop(0)`.
    ~Server();

    /// Ports as bound, in the order of `ServerOptions::addresses`; tells the number that port 0 became.
    [[nodiscard]] const std::vector<std::uint16_t>& ports() const;
    [[nodiscard]] std::size_t connections() const;

    /// Stops accepting, lets answers under way finish for at most `grace`, closes the rest and joins the
    /// thread.
    void stop(std::chrono::milliseconds grace);

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::web
