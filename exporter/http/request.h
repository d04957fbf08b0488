// Parses request heads, negotiates content types and encodings, and formats response heads. Uses neither
// sockets nor the clock.
#pragma once

#include "base/dates.h"
#include "http/server.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace exporter::http {

/// Maximum bytes in a head (beyond it: 431, or 414 in the first line) and in its target (414).
inline constexpr std::size_t head_limit = 16384;
inline constexpr std::size_t target_limit = 8192;

struct RequestHead {
    Request request;
    std::string authorization;  ///< joined like `Request::accept`; routes don't get it
    bool keep_alive = false;    ///< another request may follow
};

/// Collects what a client sends and parses it, head by head.
class HeadReader {
  public:
    void feed(std::string_view bytes) { input_ += bytes; }

    /// The next head in the input; nullopt: more bytes are needed. The error is the status to reject the
    /// request with; nothing after it can be parsed.
    [[nodiscard]] tl::expected<std::optional<RequestHead>, unsigned> next();

    /// Whether no part of another request has arrived.
    [[nodiscard]] bool empty() const { return input_.empty(); }

    /// Drops the input.
    void clear();

  private:
    std::string input_;
    std::size_t searched_ = 0;  ///< bytes of `input_` already searched for the end of a head
};

/// The path in a request target of origin form (`/metrics?x=1`) or absolute form (`http://host/metrics`),
/// without the query.
[[nodiscard]] std::string_view path_of(std::string_view target);

/// The standard reason phrase for a status, such as `Not Found`.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

/// Appends the `defaults` whose names are not in `headers`, ignoring case.
void add_missing(const Headers& defaults, Headers& headers);

/// Status line and header fields, including the empty line. Forbids caching: every answer, including errors,
/// describes the current state.
/// @param close whether the connection ends with this response
[[nodiscard]] std::string response_head(const Response& response, bool close, base::Timestamp now);

// Content negotiation (RFC 9110, 12.5): what a client accepts. Pure functions of a header's value, with all
// its fields joined by commas. Invalid values are not errors, because there is always a valid default answer.

/// A representation that the server offers.
struct MediaType {
    std::string_view name;     ///< `text/plain`
    std::string_view version;  ///< its `version` parameter; ranges with another version don't match
};

/// For the `Accept` header: the offer with the highest weight. The most specific range that matches an offer
/// gives its weight. Parameters except `version` and the weight are ignored, as are unreadable ranges. With
/// equal weights, an offer that is named beats one that only matches a wildcard; then the order of `offers`
/// decides. If none is acceptable, the first offer: answering is better than 406 (12.5.1).
///
/// @return the offer's index
[[nodiscard]] std::size_t preferred_type(std::string_view accept, std::span<const MediaType> offers);

/// For the `Accept-Encoding` header: whether gzip is acceptable and `identity` has no higher weight. The
/// weight of gzip is the higher of `gzip` and `x-gzip`, or that of `*` if neither is named; an unreadable
/// weight counts as 0.
[[nodiscard]] bool prefers_gzip(std::string_view accept_encoding);

}  // namespace exporter::http
