// One GET at a time, through cpp-httplib: the one file that knows that library. What goes on beneath it is
// ours: the answer's bytes are read, bounded and taken apart by answer.h; connections, TLS, which is
// OpenSSL's own, and the tunnel by which HTTPS goes through a proxy are wire.h's.
#pragma once

#include "config/endpoint.h"
#include "datadog/answer.h"
#include "datadog/error.h"
#include "datadog/wire.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::datadog {

class Transport {
  public:
    struct Target {
        config::Endpoint endpoint;
        std::string unix_path = {};  ///< a Unix socket's, instead of the endpoint's host and port
        std::optional<config::Proxy> proxy = {};
    };

    struct Limits {
        std::chrono::milliseconds connect;               ///< for one address of the host
        std::chrono::milliseconds silence;               ///< without a byte
        std::chrono::steady_clock::time_point deadline;  ///< for all but the search for the host's address
        std::uint64_t body_bytes = 0;                    ///< as they are on the wire
    };

    struct Request {
        std::string target;  ///< path and query, percent-encoded
        /// `Host` and `Proxy-Authorization` are added.
        HeaderFields fields = {};
        /// Whether the body is wanted, once the head is there. False ends the exchange.
        std::function<bool(const AnswerHead&)> on_head = {};
        /// Gets the body as it comes, still coded. False ends the exchange.
        std::function<bool(std::string_view)> on_body = {};
    };

    struct Outcome {
        std::optional<AnswerHead> head;  ///< nullopt: none came in full
        /// Why the answer is not whole; nullopt: it is, or one of the request's functions ended it.
        std::optional<Error> failure;
    };

    [[nodiscard]] static std::unique_ptr<Transport> make(Target target, TlsContext trust);

    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// On the connection of the last exchange, where that can be used again.
    [[nodiscard]] virtual Outcome get(const Request& request, const Limits& limits) = 0;
    virtual void disconnect() = 0;
    /// Ends an exchange under way and all later ones (`cancelled`). From any thread.
    virtual void cancel() = 0;
};

/// The status of the answer to one GET, whose body is not read: whether a server is up. Knows nothing of
/// Datadog. Follows no redirect, and verifies no certificate: the request carries no secret.
///
/// @param path with the query
/// @param limit for all of it if the host has one address, except the lookup of that address, which can't be
/// cut short
/// @return an error whose message is for an operator, to follow `no answer`
[[nodiscard]] Result<int> status_of(const Transport::Target& target, const std::string& path,
                                    std::chrono::milliseconds limit);

}  // namespace exporter::datadog
