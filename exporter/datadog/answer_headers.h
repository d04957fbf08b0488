// What the headers of an answer say about how often to ask. Anything that is not as documented is as good as
// absent.
#pragma once

#include "datadog/answer.h"
#include "datadog/page.h"

#include <chrono>
#include <optional>

namespace exporter::datadog {

/// `X-RateLimit-*`.
[[nodiscard]] RateLimit rate_limit_of(const AnswerHead& head);

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is compared with the answer's own `Date`. A
/// day at most.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after_of(const AnswerHead& head);

}  // namespace exporter::datadog
