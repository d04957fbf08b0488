// Parses HTTP requests and builds response headers for the test servers.
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
    std::string target;                                        ///< path and query, still encoded
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case

    /// The first value of the header `name` (in lower case); empty if it is absent.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

[[nodiscard]] HttpRequest parse_request(std::string_view head);

/// Decodes percent-encoding as in forms: `%5B` is `[`, `+` a space. A `%` that starts no valid escape stays
/// as it is.
[[nodiscard]] std::string decoded(std::string_view text);

/// Parses a request target's query string, percent-encoded or not. Ignores unknown parameters; of repeated
/// ones the last wins. The error is the message in the API's 400 response.
[[nodiscard]] tl::expected<datadog::PageRequest, std::string> parse_query(std::string_view target);

/// Whether an `Accept-Encoding` header lists gzip without `q=0`.
[[nodiscard]] bool allows_gzip(std::string_view accept_encoding);

/// The `X-RateLimit-*` headers of a response. Every other response in a window omits `X-RateLimit-Name`, as
/// the API often does.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> rate_limit_headers(
    const datadog::RateLimit& state);

}  // namespace exporter::support
