// How many descriptors this process has open. A server with thousands of connections is asked at each scrape.
#pragma once

#include <cstddef>
#include <optional>

namespace exporter::metrics {

/// At once where the kernel knows it (the size of `/proc/self/fd` from Linux 6.2 on), else by enumerating.
/// nullopt: `/proc` can't be read.
[[nodiscard]] std::optional<std::size_t> count_open_descriptors();

/// The same for any kernel, in a time that grows with the number.
[[nodiscard]] std::optional<std::size_t> enumerate_open_descriptors();

}  // namespace exporter::metrics
