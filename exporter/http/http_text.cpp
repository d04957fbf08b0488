#include "http/http_text.h"

#include "http/boost.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace exporter::http {
namespace {

std::size_t body_size(const Response& response) {
    return (response.shared_body ? response.shared_body->size() : 0) + response.own_body.size();
}

}  // namespace

bool same_word(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [lower](char a, char b) { return lower(a) == lower(b); });
}

void add_missing(const Headers& defaults, Headers& headers) {
    // The head has it always.
    constexpr std::string_view always = "X-Content-Type-Options";
    for (const auto& header : defaults) {
        const bool there = std::any_of(headers.begin(), headers.end(), [&](const auto& other) {
            return same_word(header.first, other.first);
        });
        if (!there && !same_word(header.first, always)) {
            headers.push_back(header);
        }
    }
}

std::string_view reason_phrase(unsigned status) {
    const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return {reason.data(), reason.size()};
}

std::string http_date(std::chrono::system_clock::time_point moment) {
    static constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(moment - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       weekdays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                       months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string response_head(const Response& response, bool close, std::chrono::system_clock::time_point now) {
    std::string head = fmt::format(
        "HTTP/1.1 {} {}\r\n"
        "Date: {}\r\n"
        "Content-Type: {}\r\n"
        "Content-Length: {}\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\n",
        response.status, reason_phrase(response.status), http_date(now), response.content_type,
        body_size(response));
    for (const auto& [name, value] : response.headers) {
        fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
    }
    if (close) {
        head += "Connection: close\r\n";
    }
    head += "\r\n";
    return head;
}

std::string_view path_of(std::string_view target) {
    if (const auto scheme = target.find("://");
        !target.starts_with('/') && scheme != std::string_view::npos) {
        const auto path = target.find_first_of("/?", scheme + 3);
        if (path == std::string_view::npos || target[path] == '?') {
            return "/";
        }
        target.remove_prefix(path);
    }
    return target.substr(0, target.find('?'));
}

}  // namespace exporter::http
