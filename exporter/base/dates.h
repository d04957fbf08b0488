// Parses and formats dates and durations. RFC 3339 dates as Datadog writes them, and common variants:
// fractions of any length; `Z`, an offset with or without a colon, or no zone; either case; leap seconds.
// HTTP dates. Durations in Prometheus' notation: `90s`, `5m`, `1h30m`, `7d`.
#pragma once

#include <tl/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::base {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Years 0000 to 9999. Fractions are truncated to microseconds. A leap second (`23:59:60` in UTC) becomes the
/// start of the next minute. A missing zone means UTC. Returns nullopt for anything else, such as a date
/// without a time.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// `2026-01-31T23:59:59Z`, with a fraction only if it is not zero.
[[nodiscard]] std::string format_rfc3339(Timestamp moment);

/// HTTP's `Date` header, in the only format that is not obsolete: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110,
/// 5.6.7).
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);

/// The same format, truncated to whole seconds, whatever the locale.
[[nodiscard]] std::string format_http_date(Timestamp moment);

using Duration = std::chrono::milliseconds;

/// Parses `([0-9]+(y|w|d|h|m|s|ms))+` with units in descending order, each at most once, as Prometheus does;
/// a bare `0` is zero. A year is 365 days. The error says what is wrong and gives an example.
[[nodiscard]] tl::expected<Duration, std::string> parse_duration(std::string_view text);

/// The shortest text of days, hours, minutes, seconds and milliseconds that parses back to `duration` (`7d`,
/// `1h30m`). Weeks and years are not used: bucket names are built from this, and `7d` is clearer than `1w`.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace exporter::base
