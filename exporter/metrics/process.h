// What the kernel says about this process, for the standard `process_*` metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace exporter::metrics {

/// Absent: what could not be read.
struct Process {
    std::optional<double> cpu_seconds;  ///< user and system time
    std::optional<std::size_t> open_fds;
    std::optional<std::uint64_t> max_fds;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<double> start_time;  ///< Unix time in seconds; the same for the life of the process
};

[[nodiscard]] Process read_process();

struct ProcessStat {
    std::uint64_t cpu_ticks = 0;    ///< user and system time
    std::uint64_t start_ticks = 0;  ///< since the machine was booted
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;

    bool operator==(const ProcessStat&) const = default;
};

/// From the text of `/proc/<pid>/stat` (proc(5)). nullopt: a field is missing or not a number.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// When the machine was booted, in Unix seconds: `btime` in the text of `/proc/stat`.
[[nodiscard]] std::optional<std::uint64_t> parse_boot_time(std::string_view text);

/// Open file descriptors of this process. At once where the kernel knows it (the size of `/proc/self/fd` from
/// Linux 6.2 on), else by enumerating: a scrape counts them, and thousands of connections may be open.
[[nodiscard]] std::optional<std::size_t> count_open_descriptors();

/// The same on any kernel, in a time that grows with the number.
[[nodiscard]] std::optional<std::size_t> enumerate_open_descriptors();

}  // namespace exporter::metrics
