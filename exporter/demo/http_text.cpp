#include "demo/http_text.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

namespace exporter::demo {
namespace {

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_refusal(std::string_view parameter) {
    const auto weight = trim(parameter);
    return weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

bool allows_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        const auto coding = accept_encoding.substr(0, accept_encoding.find(','));
        accept_encoding.remove_prefix(std::min(coding.size() + 1, accept_encoding.size()));
        const auto name = coding.substr(0, coding.find(';'));
        if (trim(name) == "gzip") {
            return !is_refusal(coding.substr(std::min(name.size() + 1, coding.size())));
        }
    }
    return false;
}

std::string gzip(std::string_view text) {
    constexpr int largest_window_as_gzip = 15 + 16;
    constexpr int default_memory_level = 8;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, largest_window_as_gzip, default_memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("zlib: deflateInit2 failed");
    }
    std::string compressed(deflateBound(&stream, text.size()), '\0');
    std::string input(text);  // zlib's pointer is not to const
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    const int outcome = deflate(&stream, Z_FINISH);
    compressed.resize(stream.total_out);
    deflateEnd(&stream);
    if (outcome != Z_STREAM_END) {
        throw std::runtime_error("zlib: deflate failed");
    }
    return compressed;
}

std::string http_date(base::Timestamp moment) {
    static constexpr std::array weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(moment - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       weekdays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                       months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace exporter::demo
