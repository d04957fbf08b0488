// Start and end of the compared servers: they print their port, and exit on a signal or after a time limit.
#pragma once

#include <chrono>
#include <cstdint>

namespace exporter::comparison {

/// Blocks SIGTERM and SIGINT for `serve_until_told`. Call it before any thread starts.
void hold_signals();

/// Prints `port N`, then returns on SIGTERM or SIGINT, or after `longest`.
void serve_until_told(std::uint16_t port, std::chrono::seconds longest);

}  // namespace exporter::comparison
