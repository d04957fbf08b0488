// The exchange with a proxy that makes it pass bytes on to a host (CONNECT: RFC 9110, 9.3.6).
//
// cpp-httplib's own is not used. Where the proxy refuses with `Connection: close`, version 0.11 waits for its
// own lock for ever; and it tells the proxy's password to the host as well, inside the tunnel.
#pragma once

#include "config/endpoint.h"

#include <tl/expected.hpp>

#include <string>

namespace exporter::datadog {

struct TunnelRefusal {
    std::string words;        ///< the proxy's answer, untrusted
    bool definitive = false;  ///< 4xx: asking again changes nothing, and may lock the account
};

/// Asks for a tunnel to `target` on `socket`, which is connected to the proxy. Afterwards the socket speaks
/// to the target.
///
/// Ends when the socket's own timeouts or whoever shuts it down end it.
[[nodiscard]] tl::expected<void, TunnelRefusal> open_tunnel(int socket, const config::Endpoint& target,
                                                            const config::Proxy& proxy);

}  // namespace exporter::datadog
