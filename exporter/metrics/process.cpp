#include "metrics/collectables.h"
#include "metrics/process_stat.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

namespace exporter::metrics {

namespace {

/// Empty when it can't be read.
std::string read_text(const char* path) {
    const std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

double ticks_to_seconds(std::uint64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> read_start_time(const ProcessStat& stat) {
    const std::optional<std::uint64_t> boot_time = parse_boot_time(read_text("/proc/stat"));
    if (!boot_time) {
        return std::nullopt;
    }
    return static_cast<double>(*boot_time) + ticks_to_seconds(stat.start_ticks);
}

std::optional<double> count_open_fds() {
    std::error_code error;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error); !error && entry != end(entry);
         entry.increment(error)) {
        ++count;
    }
    if (error || count == 0) {
        return std::nullopt;
    }
    return static_cast<double>(count - 1);  // without the one that is counting
}

std::optional<double> read_max_fds() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return std::nullopt;
    }
    return static_cast<double>(limit.rlim_cur);
}

prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type,
                                double value) {
    prometheus::MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    prometheus::ClientMetric& series = family.metric.emplace_back();
    (type == prometheus::MetricType::Counter ? series.counter.value : series.gauge.value) = value;
    return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessCollectable::Collect() const {
    using Type = prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    const std::optional<ProcessStat> stat = parse_process_stat(read_text("/proc/self/stat"));
    if (stat) {
        families.push_back(family("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
                                  Type::Counter, ticks_to_seconds(stat->cpu_ticks)));
    }
    if (const auto count = count_open_fds()) {
        families.push_back(family("process_open_fds", "Open file descriptors.", Type::Gauge, *count));
    }
    if (const auto limit = read_max_fds()) {
        families.push_back(
            family("process_max_fds", "How many file descriptors may be open at once.", Type::Gauge, *limit));
    }
    if (!stat) {
        return families;
    }
    families.push_back(family("process_virtual_memory_bytes", "Size of virtual memory, in bytes.",
                              Type::Gauge, static_cast<double>(stat->virtual_bytes)));
    families.push_back(
        family("process_resident_memory_bytes", "Size of resident memory, in bytes.", Type::Gauge,
               static_cast<double>(stat->resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE))));
    // Once: the kernel's boot time moves with each correction of the clock, and /proc/stat is slow on large
    // machines.
    static const std::optional<double> start_time = read_start_time(*stat);
    if (start_time) {
        families.push_back(family("process_start_time_seconds", "When the process started, as a Unix time.",
                                  Type::Gauge, *start_time));
    }
    return families;
}

}  // namespace exporter::metrics
