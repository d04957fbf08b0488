// Connections: each reads requests one after another and answers them in turn. Internal to the server.
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

/// Read of a connection before others have their turn.
inline constexpr std::size_t read_turn_bytes = 16384;

/// What the connections of one kind of listener share. Outlives them; used on the server's thread alone.
struct Service {
    const ServerOptions& options;
    const Handler& handler;
    std::shared_ptr<EventLoop> loop;  ///< shared with checks of passwords, which may outlive the server
    Roster roster;
    Roster& crowd;  ///< of whose connections one makes room when file descriptors run out
    std::shared_ptr<const Security> security = nullptr;  ///< null: plain HTTP, open to everyone
    const bool probes_only = false;
    /// Beyond the limits: told so, unless they are probes. Enough for probes, and for saying no.
    Roster overflow{{.connections = 16, .connections_of_peer = 16}};
    std::array<char, read_turn_bytes> input{};  ///< of whichever connection is being read
};

/// Serves a connection until it is closed.
/// @param socket connected and non-blocking
/// @param refusal the status for all but probes, of a connection that is beyond a limit: it is in the
/// overflow
void begin_session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal);

}  // namespace exporter::http
