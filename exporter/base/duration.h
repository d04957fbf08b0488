// Durations as Prometheus writes them: `90s`, `5m`, `1h30m`, `7d`.
#pragma once

#include <tl/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace exporter::base {

using Duration = std::chrono::milliseconds;

/// Parses `([0-9]+(y|w|d|h|m|s|ms))+` with units in falling order, each at most once, as Prometheus does; a
/// bare `0` is zero. A year is 365 days. The error says what is wrong and gives an example.
[[nodiscard]] tl::expected<Duration, std::string> parse_duration(std::string_view text);

/// The shortest text of days, hours, minutes, seconds and milliseconds that parses back to `duration` (`7d`,
/// `1h30m`). Weeks and years are not used: bucket names are made of this, and `7d` says more than `1w`.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace exporter::base
