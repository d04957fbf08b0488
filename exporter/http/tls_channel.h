// A connection's bytes through TLS. Internal to the server.
#pragma once

#include "http/channel.h"

#include <openssl/types.h>

#include <memory>

namespace exporter::http {

/// @param ssl for a server, without a socket; null: every handshake fails
/// @param socket as for `plain_channel`
/// @param owner kept until after `ssl`
[[nodiscard]] std::unique_ptr<Channel> tls_channel(std::shared_ptr<SSL> ssl, int socket,
                                                   std::shared_ptr<const void> owner);

}  // namespace exporter::http
