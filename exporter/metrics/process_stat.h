// What `/proc` says about a process, as pure functions from its text (see proc(5)).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace exporter::metrics {

struct ProcessStat {
    std::uint64_t cpu_ticks = 0;    ///< user and system time
    std::uint64_t start_ticks = 0;  ///< from the boot on
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;

    bool operator==(const ProcessStat&) const = default;
};

/// Of the text of `/proc/<pid>/stat`. nullopt: a field is missing or not a number.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// When the machine was booted, in Unix seconds: `btime` of the text of `/proc/stat`.
[[nodiscard]] std::optional<std::uint64_t> parse_boot_time(std::string_view text);

}  // namespace exporter::metrics
