#include "metrics/process.h"

#include "base/descriptor.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <system_error>

namespace exporter::metrics {
namespace {

constexpr const char* descriptor_folder = "/proc/self/fd";

/// To the end; empty when it can't be read.
std::string read_text(const char* path) {
    const base::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> buffer;
    ssize_t bytes = 0;
    while (file.is_open() && (bytes = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    return text;
}

/// Cuts the first word off `text`; empty when there is none.
std::string_view next_word(std::string_view& text) {
    constexpr std::string_view blanks = " \n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
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

}  // namespace

Process read_process() {
    Process process;
    process.open_fds = count_open_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        process.max_fds = limit.rlim_cur;
    }
    if (const std::optional<ProcessStat> stat = parse_process_stat(read_text("/proc/self/stat"))) {
        process.cpu_seconds = ticks_to_seconds(stat->cpu_ticks);
        process.virtual_bytes = stat->virtual_bytes;
        process.resident_bytes = stat->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        // Once: the kernel's boot time moves with each correction of the clock, and /proc/stat is slow on
        // large machines.
        static const std::optional<double> start_time = read_start_time(*stat);
        process.start_time = start_time;
    }
    return process;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
    // Numbered as in proc(5).
    constexpr std::size_t state_field = 3;
    constexpr std::size_t utime_field = 14;
    constexpr std::size_t stime_field = 15;
    constexpr std::size_t starttime_field = 22;
    constexpr std::size_t vsize_field = 23;
    constexpr std::size_t rss_field = 24;
    constexpr std::size_t end_of_fields = 25;

    // The second field is the program's name in parentheses, and may hold blanks and parentheses of its own.
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(name_end + 1);
    std::array<std::string_view, end_of_fields> fields;
    for (std::size_t field = state_field; field < end_of_fields; ++field) {
        fields[field] = next_word(text);
    }
    const auto utime = base::parse_number<std::uint64_t>(fields[utime_field]);
    const auto stime = base::parse_number<std::uint64_t>(fields[stime_field]);
    const auto start = base::parse_number<std::uint64_t>(fields[starttime_field]);
    const auto virtual_bytes = base::parse_number<std::uint64_t>(fields[vsize_field]);
    const auto resident_pages = base::parse_number<std::uint64_t>(fields[rss_field]);
    if (!utime || !stime || !start || !virtual_bytes || !resident_pages) {
        return std::nullopt;
    }
    return ProcessStat{*utime + *stime, *start, *virtual_bytes, *resident_pages};
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (next_word(line) == "btime") {
            return base::parse_number<std::uint64_t>(next_word(line));
        }
    }
    return std::nullopt;
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
