#include "metrics/catalog.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace exporter::metrics {

void Reloads::succeeded(const std::string& file, base::Timestamp now) {
    const std::lock_guard lock(mutex_);
    files_[file] = {true, now};
}

void Reloads::failed(const std::string& file) {
    const std::lock_guard lock(mutex_);
    files_[file].was_successful = false;
}

ReloadsByFile Reloads::by_file() const {
    const std::lock_guard lock(mutex_);
    return files_;
}

FamilyBuilder::FamilyBuilder(const Metric& metric, std::string_view org) : metric_(metric), org_(org) {
    family_.name = metric.name;
    family_.help = metric.help;
    if (metric.is_from_inventory() && metric.type == prometheus::MetricType::Gauge) {
        family_.help += " As of the last complete poll.";
    }
    family_.type = metric.type;
}

void FamilyBuilder::add(LabelValues label_values, double value) {
    prometheus::ClientMetric& series = add_series(label_values);
    if (metric_.type == prometheus::MetricType::Counter) {
        series.counter.value = value;
    } else {
        series.gauge.value = value;
    }
}

void FamilyBuilder::add(LabelValues label_values, prometheus::ClientMetric::Histogram histogram) {
    add_series(label_values).histogram = std::move(histogram);
}

prometheus::ClientMetric& FamilyBuilder::add_series(LabelValues label_values) {
    assert(label_values.size() == metric_.label_names().size());
    prometheus::ClientMetric& series = family_.metric.emplace_back();
    series.label.reserve(label_values.size() + 1);
    if (metric_.has_org()) {
        series.label.push_back({"org", std::string(org_)});
    }
    auto name = metric_.labels.begin();
    for (const std::string_view value : label_values) {
        series.label.push_back({std::string(*name), std::string(value)});
        ++name;
    }
    return series;
}

prometheus::MetricFamily family_of(const Metric& metric, const Snapshot& snapshot) {
    FamilyBuilder family(metric, snapshot.org);
    if (const auto* const from_polls = std::get_if<FillFromPolls>(&metric.fill)) {
        (*from_polls)(snapshot.statistics, family);
    }
    if (const auto* const from_inventory = std::get_if<FillFromInventory>(&metric.fill);
        from_inventory != nullptr && snapshot.inventory) {
        (*from_inventory)(*snapshot.inventory, family);
    }
    return std::move(family).build();
}

std::vector<prometheus::MetricFamily> families_of(const ExporterStatus& exporter) {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : catalog()) {
        if (const auto* const fill = std::get_if<FillFromExporter>(&metric.fill)) {
            FamilyBuilder family(metric);
            (*fill)(exporter, family);
            families.push_back(std::move(family).build());
        }
    }
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
    return families;
}

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

constexpr const char* descriptor_folder = "/proc/self/fd";

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
    return count - 1;  // without the one used for counting
}

}  // namespace exporter::metrics
