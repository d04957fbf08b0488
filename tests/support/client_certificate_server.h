// A TLS server that wants a certificate of its clients, as gateways and intercepting proxies do.
#pragma once

#include "support/certificate.h"
#include "support/raw_server.h"

namespace exporter::support {

/// What the server does when it has refused a client.
enum class AfterRefusal { waits, closes };

/// Shakes hands, and refuses the client that shows no certificate. With TLS 1.3 the client learns that only
/// after its own part of the handshake.
///
/// @param certificate the server's; must outlive the script
/// @param version OpenSSL's number, the only one that the server speaks
[[nodiscard]] RawServer::Script demanding_client_certificate(const Certificate& certificate, int version,
                                                             AfterRefusal after = AfterRefusal::waits);

}  // namespace exporter::support
