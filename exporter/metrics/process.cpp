#include "metrics/process.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace exporter::metrics {
namespace {

constexpr const char* descriptor_folder = "/proc/self/fd";

}  // namespace

Process read_process(base::Timestamp started) {
    Process process;
    process.started = started;
    process.open_fds = count_open_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        process.max_fds = limit.rlim_cur;
    }
    timespec cpu_time{};
    if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_time) == 0) {
        process.cpu_time = std::chrono::seconds(cpu_time.tv_sec) + std::chrono::nanoseconds(cpu_time.tv_nsec);
    }
    std::uint64_t virtual_pages = 0;
    std::uint64_t resident_pages = 0;
    if (std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages) {
        const auto bytes_per_page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        process.virtual_bytes = virtual_pages * bytes_per_page;
        process.resident_bytes = resident_pages * bytes_per_page;
    }
    return process;
}

std::optional<std::size_t> count_open_descriptors() {
    struct stat status{};
    if (::stat(descriptor_folder, &status) == 0 && status.st_size > 0) {
        return static_cast<std::size_t>(status.st_size);
    }
    return enumerate_open_descriptors();
}

std::optional<std::size_t> enumerate_open_descriptors() {
    std::error_code error;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator entry(descriptor_folder, error); !error && entry != end(entry);
         entry.increment(error)) {
        ++count;
    }
    if (error || count == 0) {
        return std::nullopt;
    }
    return count - 1;  // without the one that is counting
}

}  // namespace exporter::metrics
