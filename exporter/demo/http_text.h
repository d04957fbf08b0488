// What the simulated API needs of HTTP beyond its library.
#pragma once

#include "datadog/token.h"

#include <string>
#include <string_view>

namespace exporter::demo {

/// Whether an `Accept-Encoding` header allows gzip: named, and not with `q=0`.
[[nodiscard]] bool allows_gzip(std::string_view accept_encoding);

/// `text` as a gzip member; throws std::runtime_error when zlib can't.
[[nodiscard]] std::string gzip(std::string_view text);

/// A `Date` header's value: `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string http_date(base::Timestamp moment);

}  // namespace exporter::demo
