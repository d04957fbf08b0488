// Connections: each reads requests and answers them one after another. Internal to the server.
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

/// What the connections of one kind of listener share. Outlives them; used only on the server's thread.
struct Service {
    const ServerOptions& options;
    const Handler& handler;
    std::shared_ptr<EventLoop> loop;  ///< shared with password checks, which may outlive the server
    Roster roster;
    Roster& crowd;  ///< one of its connections makes room when file descriptors run out
    std::shared_ptr<const Security> security = nullptr;  ///< null: plain HTTP, open to everyone
    const bool probes_only = false;
    /// Connections beyond the limits: rejected, unless they are probes. Enough for probes and rejections.
    Roster overflow{{.connections = 16, .connections_of_peer = 16}};
    std::array<char, read_turn_bytes> input{};  ///< for the connection that is being read
};

/// Serves a connection until it is closed.
/// @param socket connected and non-blocking
/// @param refusal the status that rejects everything but probes, on a connection beyond a limit; nullopt: not
/// beyond one
void begin_session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal);

}  // namespace exporter::http
