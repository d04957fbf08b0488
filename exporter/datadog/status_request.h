// A GET of which the answer's status is all that matters: whether a server is there and well. On the
// program's one HTTP client, with its bounds (answer.h, wire.h), and knowing nothing of Datadog.
#pragma once

#include "config/endpoint.h"
#include "datadog/error.h"

#include <chrono>
#include <string>

namespace exporter::datadog {

struct StatusRequest {
    config::Endpoint endpoint;  ///< of a Unix socket, whether it speaks TLS
    std::string unix_path;      ///< empty: the endpoint's host and port
    std::string path;           ///< with the query
};

/// The status of the answer, whose body is not read; no redirect is followed. No certificate is verified:
/// nothing is told to the other end.
///
/// @param limit for all of it, where the host has one address, but the search for that, which can't be cut
/// short
/// @return an error whose message is words for an operator, to follow `no answer`
[[nodiscard]] Result<int> status_of(const StatusRequest& request, std::chrono::milliseconds limit);

}  // namespace exporter::datadog
