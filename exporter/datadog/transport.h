// Makes one GET at a time through cpp-httplib; transport.cpp is the only file that uses that library. The
// layers below are ours: answer.h reads, bounds and parses the answer's bytes; wire.h handles connections,
// TLS (with OpenSSL) and the tunnel for HTTPS through a proxy.
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
        std::string unix_path = {};  ///< path of a Unix socket, instead of the endpoint's host and port
        std::optional<config::Proxy> proxy = {};
    };

    struct Limits {
        std::chrono::milliseconds connect;               ///< for each address of the host
        std::chrono::milliseconds silence;               ///< without a byte
        std::chrono::steady_clock::time_point deadline;  ///< for the whole request, without the DNS lookup
        std::uint64_t body_bytes = 0;                    ///< on the wire
    };

    struct Request {
        std::string target;  ///< path and query, percent-encoded
        /// `Host` and `Proxy-Authorization` are added to these.
        HeaderFields fields = {};
        /// Called after the head; returns whether to read the body. False ends the exchange.
        std::function<bool(const AnswerHead&)> on_head = {};
        /// Receives the body as it arrives, still coded. False ends the exchange.
        std::function<bool(std::string_view)> on_body = {};
    };

    struct Outcome {
        std::optional<AnswerHead> head;  ///< nullopt: no complete head arrived
        /// Why the answer is incomplete; nullopt: it is complete, or one of the request's functions ended it.
        std::optional<Error> failure;
    };

    [[nodiscard]] static std::unique_ptr<Transport> make(Target target, TlsContext trust);

    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Reuses the connection of the last exchange if possible.
    [[nodiscard]] virtual Outcome get(const Request& request, const Limits& limits) = 0;
    virtual void disconnect() = 0;
    /// Ends the current exchange and all later ones (`cancelled`). From any thread.
    virtual void cancel() = 0;
};

/// The status of the answer to one GET, without reading the body: checks whether a server is up. Independent
/// of Datadog. Follows no redirects and verifies no certificate, because the request carries no secret.
///
/// @param path path and query
/// @param limit for the whole request if the host has one address. The DNS lookup is not included, since it
/// can't be interrupted
/// @return an error with a message for an operator, to follow `no answer`
[[nodiscard]] Result<int> status_of(const Transport::Target& target, const std::string& path,
                                    std::chrono::milliseconds limit);

}  // namespace exporter::datadog
