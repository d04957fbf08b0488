// cpp-httplib's client with our own hands on the wire: what it reads is bounded byte by byte (wire.h), TLS is
// OpenSSL's own (tls.h), and HTTPS goes through a proxy by our own tunnel (tunnel.h).
#pragma once

#include "config/endpoint.h"
#include "datadog/error.h"
#include "datadog/tls.h"
#include "datadog/wire.h"

#include <httplib.h>

#include <functional>
#include <optional>
#include <string>

namespace exporter::datadog {

class Transport final : public httplib::ClientImpl {
  public:
    /// @param trust, wire must outlive the client
    Transport(config::Endpoint target, std::optional<config::Proxy> proxy, const TlsContext& trust,
              Wire& wire);

    /// Why the last connection, once there, was of no use (no tunnel, no TLS); nullopt: it was.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    bool create_and_connect_socket(Socket& socket, httplib::Error& error) override;
    bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) override;
    void shutdown_ssl(Socket& socket, bool shutdown_gracefully) override;

    /// To the proxy, or to the target where there is none.
    bool connect(Socket& socket, httplib::Error& error);
    /// Makes a fresh connection one that speaks to the target.
    [[nodiscard]] std::optional<Error> prepare(int socket);

    const config::Endpoint target_;
    const std::optional<config::Proxy> proxy_;
    const TlsContext& trust_;
    Wire& wire_;
    std::optional<TlsConnection> tls_;
    std::optional<Error> failure_;
};

}  // namespace exporter::datadog
