#include "metrics/process_stat.h"

#include <charconv>
#include <system_error>

namespace exporter::metrics {

namespace {

/// Cuts the first word off `text`; empty when there is none.
std::string_view next_word(std::string_view& text) {
    constexpr std::string_view blanks = " \n";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> parse_number(std::string_view word) {
    std::uint64_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc{} || rest != end) {
        return std::nullopt;
    }
    return number;
}

// Numbered as in proc(5).
constexpr int state_field = 3;
constexpr int utime_field = 14;
constexpr int stime_field = 15;
constexpr int starttime_field = 22;
constexpr int vsize_field = 23;
constexpr int rss_field = 24;

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
    // The second field is the program's name in parentheses, and may hold blanks and parentheses of its own.
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(name_end + 1);

    std::optional<std::uint64_t> utime;
    std::optional<std::uint64_t> stime;
    std::optional<std::uint64_t> start;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> resident_pages;
    for (int field = state_field; field <= rss_field; ++field) {
        const std::string_view word = next_word(text);
        switch (field) {
            case utime_field:
                utime = parse_number(word);
                break;
            case stime_field:
                stime = parse_number(word);
                break;
            case starttime_field:
                start = parse_number(word);
                break;
            case vsize_field:
                virtual_bytes = parse_number(word);
                break;
            case rss_field:
                resident_pages = parse_number(word);
                break;
            default:
                break;
        }
    }
    if (!utime || !stime || !start || !virtual_bytes || !resident_pages) {
        return std::nullopt;
    }
    return ProcessStat{*utime + *stime, *start, *virtual_bytes, *resident_pages};
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) {
    while (!text.empty()) {
        const auto line_end = text.find('\n');
        std::string_view line = text.substr(0, line_end);
        text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
        if (next_word(line) == "btime") {
            return parse_number(next_word(line));
        }
    }
    return std::nullopt;
}

}  // namespace exporter::metrics
