// Ends the connections of a server from outside.
#pragma once

#include <cstdint>

namespace exporter::demo {

/// Shuts down this process's ends of all connections accepted on 127.0.0.1:`port`. cpp-httplib 0.11.4
/// otherwise waits for the keep-alive timeout of each when it stops. Does nothing where there is no /proc.
void shut_down_connections(std::uint16_t port) noexcept;

}  // namespace exporter::demo
