// What a client accepts (RFC 9110, 12.5), and so what it is sent. Pure functions of a header's value, all its
// fields joined by commas; no value is an error, as there is always an answer that is right by default.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace exporter::http {

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
