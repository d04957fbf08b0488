// What the kernel says about this process, for the standard `process_*` metrics.
#pragma once

#include "base/dates.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace exporter::metrics {

/// Absent: what could not be read.
struct Process {
    std::optional<std::chrono::duration<double>> cpu_time;  ///< user and system time
    std::optional<std::size_t> open_fds;
    std::optional<std::uint64_t> max_fds;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<base::Timestamp> started;
};

/// @param started when the program started, which the caller's clock knows more exactly than the kernel,
/// whose boot time is in whole seconds
[[nodiscard]] Process read_process(base::Timestamp started);

/// Open file descriptors of this process. At once where the kernel knows it (the size of `/proc/self/fd` from
/// Linux 6.2 on), else by enumerating: a scrape counts them, and thousands of connections may be open.
[[nodiscard]] std::optional<std::size_t> count_open_descriptors();

/// The same on any kernel, in a time that grows with the number.
[[nodiscard]] std::optional<std::size_t> enumerate_open_descriptors();

}  // namespace exporter::metrics
