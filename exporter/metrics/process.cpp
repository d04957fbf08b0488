#include "metrics/collectables.h"
#include "metrics/family_builder.h"
#include "metrics/open_descriptors.h"
#include "metrics/process_stat.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace exporter::metrics {

namespace {

class File {
  public:
    explicit File(const char* path) : descriptor_(::open(path, O_RDONLY | O_CLOEXEC)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    /// To the end; empty when it can't be read.
    [[nodiscard]] std::string read() const {
        std::string text;
        std::array<char, 4096> buffer;
        ssize_t bytes = 0;
        while (descriptor_ >= 0 && (bytes = ::read(descriptor_, buffer.data(), buffer.size())) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(bytes));
        }
        return text;
    }

  private:
    const int descriptor_;
};

double ticks_to_seconds(std::uint64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> read_start_time(const ProcessStat& stat) {
    const std::optional<std::uint64_t> boot_time = parse_boot_time(File("/proc/stat").read());
    if (!boot_time) {
        return std::nullopt;
    }
    return static_cast<double>(*boot_time) + ticks_to_seconds(stat.start_ticks);
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

std::vector<prometheus::MetricFamily> LogCollectable::Collect() const {
    FamilyBuilder family(describe("datadog_access_token_exporter_log_lines_dropped_total"));
    family.add({}, static_cast<double>(lines_dropped_));
    return {std::move(family).build()};
}

std::vector<prometheus::MetricFamily> ProcessCollectable::Collect() const {
    using Type = prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    const std::optional<ProcessStat> stat = parse_process_stat(File("/proc/self/stat").read());
    if (stat) {
        families.push_back(family("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
                                  Type::Counter, ticks_to_seconds(stat->cpu_ticks)));
    }
    if (const auto count = count_open_descriptors()) {
        families.push_back(
            family("process_open_fds", "Open file descriptors.", Type::Gauge, static_cast<double>(*count)));
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
