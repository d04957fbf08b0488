// HTTP as text: what the server writes, and what it reads beyond Beast's parser. Pure functions.
#pragma once

#include "http/server.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::http {

/// Status line and header fields, up to and with the empty line. No answer is to be stored: every one, a
/// refusal too, is as of now.
/// @param close whether the connection ends with this response
[[nodiscard]] std::string response_head(const Response& response, bool close,
                                        std::chrono::system_clock::time_point now);

/// Whether two words of HTTP are the same, whatever their case.
[[nodiscard]] bool same_word(std::string_view left, std::string_view right);

/// Appends those of `defaults` whose names `headers` lacks, whatever their case.
void add_missing(const Headers& defaults, Headers& headers);

/// The standard words for a status, such as `Not Found`.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7), whatever the locale.
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point moment);

/// The path in a request target of origin form (`/metrics?x=1`) or absolute form (`http://host/metrics`),
/// without the query.
[[nodiscard]] std::string_view path_of(std::string_view target);

}  // namespace exporter::http
