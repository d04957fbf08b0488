#include "metrics/open_descriptors.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace exporter::metrics {

namespace {

constexpr const char* folder = "/proc/self/fd";

}  // namespace

std::optional<std::size_t> count_open_descriptors() {
    struct stat status{};
    if (::stat(folder, &status) == 0 && status.st_size > 0) {
        return static_cast<std::size_t>(status.st_size);
    }
    return enumerate_open_descriptors();
}

std::optional<std::size_t> enumerate_open_descriptors() {
    std::error_code error;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator entry(folder, error); !error && entry != end(entry);
         entry.increment(error)) {
        ++count;
    }
    if (error || count == 0) {
        return std::nullopt;
    }
    return count - 1;  // without the one that is counting
}

}  // namespace exporter::metrics
