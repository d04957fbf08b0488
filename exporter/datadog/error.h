// Why fetching a page failed. `ErrorKind` is a closed set and *is* the `reason` label of
// `datadog_access_token_poll_failures_total`; exporter/reference.md has a line for each.
#pragma once

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::datadog {

enum class ErrorKind : std::uint8_t {
    credentials,    ///< a secret file can't be read or holds no usable secret; no request was made
    dns,            ///< the host name does not resolve
    connect,        ///< no connection: refused, unreachable, or rejected by the proxy (407)
    tls,            ///< handshake or certificate verification failed
    timeout,        ///< no complete answer within the deadline, or 408
    network,        ///< the connection broke before the answer was complete
    too_large,      ///< the body exceeded the limit, or the memory shared with other large ones
    redirect,       ///< 3xx: never followed, a redirect would carry the credentials to another host
    bad_request,    ///< 400 and other 4xx without a kind of their own
    unauthorized,   ///< 401
    forbidden,      ///< 403
    not_found,      ///< 404
    rate_limited,   ///< 429, or waiting for the limit would outlast the poll
    server_error,   ///< 5xx
    bad_status,     ///< any other status except 200
    not_json,       ///< a 200 whose body is not JSON (truncated, HTML, empty)
    bad_page,       ///< JSON without a `data` array, too much of it, or errors in a 200
    endless,        ///< the listing exceeded a limit: of tokens, of distinct scopes, or of pages
    short_listing,  ///< the listing lacks many of the tokens that Datadog reports
    cancelled,      ///< the program is shutting down
    internal,       ///< a bug or an exhausted resource in this program
};
inline constexpr std::size_t error_kind_count = 21;

[[nodiscard]] std::string_view label(ErrorKind kind);
/// What a person can do about it, one sentence without a full stop.
[[nodiscard]] std::string_view advice(ErrorKind kind);

struct Error {
    ErrorKind kind = ErrorKind::internal;
    /// What happened and where, with the API's own words if it sent any; never a secret.
    std::string message = {};
    /// How long the server asks clients to wait (`X-RateLimit-Reset`, `Retry-After`), if it does.
    std::optional<std::chrono::seconds> retry_after = std::nullopt;
    /// Retrying immediately is useless, whatever the kind (a proxy that wants another password).
    bool definitive = false;
    /// What a person can do about it, if it differs from the kind's advice; has static storage.
    std::string_view advice = {};
    /// `too_large` only at the moment: other large pages are using the shared memory.
    bool no_room = false;
    /// For a poll: a rescan would take at least as many requests as a complete listing.
    bool costly = false;
};

/// The advice for one error, which may be more specific than its kind's.
[[nodiscard]] std::string_view advice(const Error& error);

/// Untrusted text as one line of printable ASCII, truncated to 200 bytes; other characters become `?` or a
/// space.
[[nodiscard]] std::string one_line(std::string_view untrusted);

template <class T>
using Result = tl::expected<T, Error>;

}  // namespace exporter::datadog
