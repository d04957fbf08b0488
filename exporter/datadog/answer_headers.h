// What the headers of an answer say about how often to ask. Anything that is not as documented is as good as
// absent.
#pragma once

#include "datadog/page.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace exporter::datadog {

/// The value of a header, whose name's case does not matter; empty when it is not there.
using HeaderLookup = std::function<std::string(const char* name)>;

/// `X-RateLimit-*`.
[[nodiscard]] RateLimit rate_limit_of(const HeaderLookup& header);

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is compared with the answer's own `Date`. A
/// day at most.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after_of(const HeaderLookup& header);

}  // namespace exporter::datadog
