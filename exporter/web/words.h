// Times, lengths and numbers as people say them. Pure functions, the same in every locale.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::web {

/// A moment on the wall clock.
using Moment = std::chrono::sys_time<std::chrono::microseconds>;

/// `2026-11-24 19:08:16 UTC`; whole seconds, cut.
[[nodiscard]] std::string utc_text(Moment moment);
/// The same for machines: `2026-11-24T19:08:16Z`.
[[nodiscard]] std::string datetime_text(Moment moment);

/// `2 minutes ago`, `in 3 hours`, `just now` (less than a second away): the largest unit, cut; days from 48
/// hours on.
[[nodiscard]] std::string distance_text(Moment moment, Moment now);

/// `340 ms`, `12.3 seconds`, `5 minutes`, `1 hour 30 minutes`: at most two units, cut.
[[nodiscard]] std::string length_text(std::chrono::duration<double> length);

/// `text` with its first letter large, where that is one of a to z.
[[nodiscard]] std::string capitalized(std::string_view text);

/// `12,345`.
[[nodiscard]] std::string number_text(std::uint64_t number);
/// `1 token`, `12,345 tokens`.
[[nodiscard]] std::string count_text(std::uint64_t number, std::string_view singular,
                                     std::string_view plural);

}  // namespace exporter::web
