// Sessions: each serves one connection, one request at a time. Internal to the server.
#pragma once

#include "base/descriptor.h"
#include "http/event_loop.h"
#include "http/roster.h"
#include "http/server.h"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

namespace exporter::http {

using Socket = base::Descriptor;

/// Bytes read from a connection before others get their turn.
inline constexpr std::size_t read_turn_bytes = 16384;

/// State shared by the connections of one kind of listener. Outlives them; used only on the server's thread.
struct Service {
    const ServerOptions& options;
    const Handler& handler;
    std::shared_ptr<EventLoop> loop;  ///< shared with password checks, which may outlive the server
    Roster roster;
    Roster& crowd;                                       ///< closes a connection if file descriptors run out
    std::shared_ptr<const Security> security = nullptr;  ///< null: plain HTTP, open to everyone
    const bool probes_only = false;
    /// Connections beyond the limits: only probes are answered, other requests are rejected. Enough for both.
    Roster overflow{{.connections = 16, .connections_of_peer = 16}};
    std::array<char, read_turn_bytes> input{};  ///< for the connection that is being read
};

/// Serves a connection until it is closed.
/// @param socket connected and non-blocking
/// @param refusal the status to reject everything but probes with, if the connection is beyond a limit;
/// otherwise nullopt
void begin_session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal);

}  // namespace exporter::http
