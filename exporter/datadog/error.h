// Why a page could not be had. `ErrorKind` is a closed set and *is* the `reason` label of
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
    connect,        ///< no connection: refused, unreachable, or the proxy said no (407)
    tls,            ///< handshake or certificate verification failed
    timeout,        ///< no whole answer within the deadline, or 408
    network,        ///< the connection broke before the answer was whole
    too_large,      ///< the body went over the cap, or found no room beside other large ones
    redirect,       ///< 3xx: never followed, a redirect would carry the credentials to another host
    bad_request,    ///< 400 and other 4xx without a kind of their own
    unauthorized,   ///< 401
    forbidden,      ///< 403
    not_found,      ///< 404
    rate_limited,   ///< 429, or waiting for the limit would outlast the poll
    server_error,   ///< 5xx
    bad_status,     ///< any other status than 200
    not_json,       ///< a 200 whose body is not JSON (truncated, HTML, empty)
    bad_page,       ///< JSON without a `data` array, too much of it, or errors in a 200
    endless,        ///< the listing went past a bound: of tokens, of distinct scopes, or of pages
    short_listing,  ///< the listing lacks much of what Datadog says there is
    cancelled,      ///< the program is ending
    internal,       ///< a defect or an exhausted resource of this program
};
inline constexpr std::size_t error_kind_count = 21;

[[nodiscard]] std::string_view label(ErrorKind kind);
/// What a person can do about it, one sentence without a full stop.
[[nodiscard]] std::string_view advice(ErrorKind kind);

struct Error {
    ErrorKind kind = ErrorKind::internal;
    /// What happened and where, with the API's own words where it gave any; never a secret.
    std::string message = {};
    /// How long the server asks to be left alone (`X-RateLimit-Reset`, `Retry-After`), where it said so.
    std::optional<std::chrono::seconds> retry_after = std::nullopt;
    /// Asking again at once would change nothing, whatever the kind (a proxy that wants another password).
    bool definitive = false;
    /// What a person can do about it, where that is not what the kind's advice says; of static storage.
    std::string_view advice = {};
    /// `too_large` for the moment alone: other large pages take up the memory that they share.
    bool no_room = false;
    /// Of a poll: reading again would take as many requests as a good listing, or more.
    bool costly = false;
};

/// The same for one error, which may know more than its kind.
[[nodiscard]] std::string_view advice(const Error& error);

/// Untrusted words as one line of printable ASCII, cut after 200 bytes: `?` and blanks stand for the rest.
[[nodiscard]] std::string one_line(std::string_view untrusted);

template <class T>
using Result = tl::expected<T, Error>;

}  // namespace exporter::datadog
