// Dates and durations as text. Dates of RFC 3339, as Datadog writes them and as others might: fractions of
// any length, `Z`, an offset with or without its colon, or no zone at all, either case, leap seconds. And the
// dates of HTTP. Durations as Prometheus writes them: `90s`, `5m`, `1h30m`, `7d`.
#pragma once

#include <tl/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::base {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Years 0000 to 9999. Fractions are cut to microseconds. A leap second (`23:59:60` in UTC) is the first
/// moment of the next minute. Without a zone it is UTC. nullopt for anything else, such as a date without a
/// time.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// `2026-01-31T23:59:59Z`, with a fraction only where there is one.
[[nodiscard]] std::string format_rfc3339(Timestamp moment);

/// The `Date` header of HTTP, in its one current form: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);

/// The same form, cut to whole seconds, whatever the locale.
[[nodiscard]] std::string format_http_date(Timestamp moment);

using Duration = std::chrono::milliseconds;

/// Parses `([0-9]+(y|w|d|h|m|s|ms))+` with units in falling order, each at most once, as Prometheus does; a
/// bare `0` is zero. A year is 365 days. The error says what is wrong and gives an example.
[[nodiscard]] tl::expected<Duration, std::string> parse_duration(std::string_view text);

/// The shortest text of days, hours, minutes, seconds and milliseconds that parses back to `duration` (`7d`,
/// `1h30m`). Weeks and years are not used: bucket names are made of this, and `7d` says more than `1w`.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace exporter::base
