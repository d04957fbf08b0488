// How the servers of the comparison begin and end: they tell their port and go when told to, or by
// themselves.
#pragma once

#include <chrono>
#include <cstdint>

namespace exporter::comparison {

/// Makes SIGTERM and SIGINT wait for `serve_until_told`. To be called before any thread starts.
void hold_signals();

/// Prints `port N`, then returns at a held signal, or after `longest`.
void serve_until_told(std::uint16_t port, std::chrono::seconds longest);

}  // namespace exporter::comparison
