// The exchange with a proxy that makes it pass bytes on to a host (CONNECT: RFC 9110, 9.3.6).
//
// cpp-httplib's own is not used. Where the proxy refuses with `Connection: close`, version 0.11 waits for its
// own lock for ever; and it tells the proxy's password to the host as well, inside the tunnel.
#pragma once

#include "config/endpoint.h"
#include "datadog/error.h"
#include "datadog/wire.h"

#include <optional>
#include <string>

namespace exporter::datadog {

/// The value of `Proxy-Authorization`; nullopt: the proxy's URL has neither a user nor a password.
[[nodiscard]] std::optional<std::string> proxy_authorization(const config::Proxy& proxy);

/// Asks for a tunnel to `target` on `socket`, which is connected to the proxy. Afterwards the socket speaks
/// to the target.
///
/// @param wire its time bounds every wait
/// @return an error of kind `connect` or `timeout` whose message has the proxy's answer. A 4xx is definitive:
/// asking again
///         changes nothing, and may lock the account
[[nodiscard]] Result<void> open_tunnel(int socket, const config::Endpoint& target, const config::Proxy& proxy,
                                       Wire& wire);

}  // namespace exporter::datadog
