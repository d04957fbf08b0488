#include "faults/matrix.h"

#include <fmt/format.h>

#include <initializer_list>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;

struct Status {
    std::string line;
    ErrorKind reason;
    bool repeated;
};

/// A proxy's error page, as long as the longest one recorded.
std::string proxy_page() {
    return "<!DOCTYPE html>\n<html><body><h1>Something went wrong</h1>" + std::string(27'000, '-') +
           "</body></html>";
}

/// Each status on the first, a middle and the last page, so that some scans fail half-way.
std::vector<Row> on_each_page() {
    const std::initializer_list<Status> statuses = {
        {"400 Bad Request", ErrorKind::bad_request, false},
        {"401 Unauthorized", ErrorKind::unauthorized, false},  // after the first page: revoked mid-scan
        {"403 Forbidden", ErrorKind::forbidden, false},
        {"404 Not Found", ErrorKind::not_found, false},
        {"408 Request Timeout", ErrorKind::timeout, true},
        {"429 Too Many Requests", ErrorKind::rate_limited, true},
        {"500 Internal Server Error", ErrorKind::server_error, true},
        {"502 Bad Gateway", ErrorKind::server_error, true},
        {"503 Service Unavailable", ErrorKind::server_error, true},
        {"504 Gateway Timeout", ErrorKind::server_error, true},
    };
    std::vector<Row> rows;
    for (const Status& status : statuses) {
        const std::string answer = response(status.line, R"({"errors":["in its own words"]})");
        for (std::size_t page = 0; page <= last_page; ++page) {
            rows.push_back({.name = fmt::format("Status{}OnPage{}", status.line.substr(0, 3), page),
                            .fault = on_page(page, answer),
                            .reason = status.reason,
                            .requests = page + (status.repeated ? with_retries : 1)});
        }
    }
    return rows;
}

Row redirect(std::string name, std::string_view status, std::string_view location) {
    return {std::move(name), always(response(status, "", fmt::format("Location: {}\r\n", location))),
            ErrorKind::redirect, 1};
}

}  // namespace

std::vector<Row> status_rows() {
    std::vector<Row> rows = on_each_page();
    const std::string words = R"({"errors":["in its own words"]})";
    const std::vector<Row> others = {
        {"ServerErrorOnce", at_first(response("500 Internal Server Error", words)), {}, last_page + 2},
        {"UnavailableOnceWithRetryAfter",
         at_first(response("503 Service Unavailable", words, "Retry-After: 1\r\n")),
         {},
         last_page + 2},
        {"UnavailableForLongerThanThePoll",
         always(response("503 Service Unavailable", words, "Retry-After: 3600\r\n")), ErrorKind::server_error,
         1},
        {"HtmlWith403", always(response("403 Forbidden", proxy_page(), "Content-Type: text/html\r\n")),
         ErrorKind::forbidden, 1},
        {"HtmlWith429", always(response("429 Too Many Requests", proxy_page())), ErrorKind::rate_limited,
         with_retries},
        {"HtmlWith502", always(response("502 Bad Gateway", proxy_page())), ErrorKind::server_error,
         with_retries},
        {"PlainTextWith403", always(response("403 Forbidden", "Forbidden", "Content-Type: text/plain\r\n")),
         ErrorKind::forbidden, 1},
        {"ErrorsAsObjects", always(response("400 Bad Request", R"({"errors":[{"title":"t","detail":"d"}]})")),
         ErrorKind::bad_request, 1},
        {"EmptyBodyWith403", always(response("403 Forbidden", "")), ErrorKind::forbidden, 1},
        {"PageWith403", always(response("403 Forbidden", healthy_page(0))), ErrorKind::forbidden, 1},
        {"NoContent", always("HTTP/1.1 204 No Content\r\n\r\n"), ErrorKind::bad_status, 1},
        {"PartialContent", always(response("206 Partial Content", healthy_page(0))), ErrorKind::bad_status,
         1},
        {"StatusOutOfRange", always(response("999 Whatever", words)), ErrorKind::bad_status, 1},
        {"ProxyWantsAPassword", always(response("407 Proxy Authentication Required", "")), ErrorKind::connect,
         1},
        redirect("RedirectToTheSameHost", "301 Moved Permanently", "/login"),
        redirect("RedirectToAnotherHost", "302 Found", "http://127.0.0.2:9/api/v2/personal_access_tokens"),
        redirect("RedirectThatKeepsTheMethod", "308 Permanent Redirect", "//127.0.0.2:9/"),
        redirect("RedirectToNowhere", "307 Temporary Redirect", ""),
    };
    rows.insert(rows.end(), others.begin(), others.end());
    return rows;
}

}  // namespace exporter::faults
