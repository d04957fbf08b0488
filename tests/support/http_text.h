// Requests as they come on the wire, and what answers need of HTTP: for servers of the tests.
#pragma once

#include "datadog/api.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::support {

struct HttpRequest {
    std::string method;
    std::string target;                                        ///< path and query as on the wire
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case

    /// The first value of that name (in lower case); empty: there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

[[nodiscard]] HttpRequest parse_request(std::string_view head);

/// Percent-decoded as forms are: `%5B` is `[`, `+` a space; a `%` that begins no escape is itself.
[[nodiscard]] std::string decoded(std::string_view text);

/// Reads the arguments after `?` of a request's target, percent-encoded or not; unknown ones are ignored, of
/// repeated ones the last counts. The error is what the API's 400 says.
[[nodiscard]] tl::expected<datadog::PageRequest, std::string> parse_query(std::string_view target);

/// Whether an `Accept-Encoding` header allows gzip: named, and not with `q=0`.
[[nodiscard]] bool allows_gzip(std::string_view accept_encoding);

/// The `X-RateLimit-*` headers of an answer. `X-RateLimit-Name` is left out of every other one in a window,
/// as the API often does.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> rate_limit_headers(
    const datadog::RateLimit& state);

}  // namespace exporter::support
