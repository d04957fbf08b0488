// Formats dates, durations and numbers for people. Pure functions, independent of the locale.
#pragma once

#include "base/dates.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::base {

/// `2026-11-24 19:08:16 UTC`; truncated to whole seconds.
[[nodiscard]] std::string utc_text(Timestamp moment);
/// The same in machine-readable form: `2026-11-24T19:08:16Z`.
[[nodiscard]] std::string datetime_text(Timestamp moment);

/// `2 minutes ago`, `in 3 hours`, `just now` (less than a second away): in the largest unit, truncated; in
/// days from 48 hours on.
[[nodiscard]] std::string distance_text(Timestamp moment, Timestamp now);
/// `2 minutes ago (2026-11-24 19:08:16 UTC)`.
[[nodiscard]] std::string moment_text(Timestamp moment, Timestamp now);
/// `340 ms`, `12.3 seconds`, `5 minutes`, `1 hour 30 minutes`: at most two units, truncated.
[[nodiscard]] std::string length_text(std::chrono::duration<double> length);

/// `text` with its first letter capitalized if that is one of a to z.
[[nodiscard]] std::string capitalized(std::string_view text);

/// `12,345`.
[[nodiscard]] std::string number_text(std::uint64_t number);
/// `1 token`, `12,345 tokens`.
[[nodiscard]] std::string count_text(std::uint64_t number, std::string_view singular,
                                     std::string_view plural);

}  // namespace exporter::base
