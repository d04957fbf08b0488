// What a client accepts (RFC 9110, 12.5), and so what it is sent. Pure functions of a header's value, all its
// fields joined by commas; no value is an error, as a plain body in the default format is always right.
#pragma once

#include "metrics/exposition.h"

#include <string_view>

namespace exporter::web {

/// Of the `Accept` header: the format with the higher weight, each weighed by the most specific range that
/// matches it. Parameters but `version` and the weight are ignored, and so are ranges that can't be read.
/// With equal weights it is text, the default, unless OpenMetrics is named and text is met by a wildcard
/// only. Text also when neither is acceptable: answering beats 406 (12.5.1).
[[nodiscard]] metrics::Format negotiate_format(std::string_view accept);

/// Of the `Accept-Encoding` header: gzip when it is acceptable and `identity` is not weighed higher. The
/// weight of gzip is the higher one of `gzip` and `x-gzip`, or that of `*` when neither is named; a weight
/// that can't be read is 0. Identity also when neither is acceptable.
[[nodiscard]] metrics::Encoding negotiate_encoding(std::string_view accept_encoding);

}  // namespace exporter::web
