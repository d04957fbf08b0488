// HTTP as text: a request's head, what a client accepts, and an answer's head. Pure: knows neither sockets
// nor time.
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

/// The most bytes of a head (431 beyond, or 414 while still in the first line) and of its target (414).
inline constexpr std::size_t head_limit = 16384;
inline constexpr std::size_t target_limit = 8192;

struct RequestHead {
    Request request;
    std::string authorization;  ///< as `Request::accept`; not for routes
    bool keep_alive = false;    ///< another request may follow
};

/// Collects what a client sends and takes it apart, head by head.
class HeadReader {
  public:
    void feed(std::string_view bytes) { input_ += bytes; }

    /// The next head in what was fed; none: more bytes are needed. The error is the status that refuses it;
    /// nothing that follows can be told apart then.
    [[nodiscard]] tl::expected<std::optional<RequestHead>, unsigned> next();

    /// Whether nothing of a next request has arrived.
    [[nodiscard]] bool empty() const { return input_.empty(); }

    /// Drops what was fed.
    void clear();

  private:
    std::string input_;
    std::size_t searched_ = 0;  ///< bytes of `input_` in which no head ends
};

/// The path in a request target of origin form (`/metrics?x=1`) or absolute form (`http://host/metrics`),
/// without the query.
[[nodiscard]] std::string_view path_of(std::string_view target);

/// The standard words for a status, such as `Not Found`.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

/// Appends those of `defaults` whose names `headers` lacks, whatever their case.
void add_missing(const Headers& defaults, Headers& headers);

/// Status line and header fields, up to and with the empty line. No answer is to be stored: every one, a
/// refusal too, is as of now.
/// @param close whether the connection ends with this response
[[nodiscard]] std::string response_head(const Response& response, bool close, base::Timestamp now);

// What a client accepts (RFC 9110, 12.5), and so what it is sent. Pure functions of a header's value, all its
// fields joined by commas; no value is an error, as there is always an answer that is right by default.

/// A representation that a server has, as an `Accept` header speaks of it.
struct MediaType {
    std::string_view name;     ///< `text/plain`
    std::string_view version;  ///< its parameter `version`; ranges that want another one don't match
};

/// Of the `Accept` header: which of `offers` has the highest weight, each weighed by the most specific range
/// that matches it. Parameters but `version` and the weight are ignored, and so are ranges that can't be
/// read. With equal weights one that is named precedes one that only a wildcard meets, then the order of
/// `offers` decides. The first also when none is acceptable: answering beats 406 (12.5.1).
///
/// @return its index
[[nodiscard]] std::size_t preferred_type(std::string_view accept, std::span<const MediaType> offers);

/// Of the `Accept-Encoding` header: whether gzip is acceptable and `identity` is not weighed higher. The
/// weight of gzip is the higher one of `gzip` and `x-gzip`, or that of `*` when neither is named; a weight
/// that can't be read is 0.
[[nodiscard]] bool prefers_gzip(std::string_view accept_encoding);

}  // namespace exporter::http
