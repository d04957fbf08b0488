#include "http/request.h"

#include "base/text.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

namespace exporter::http {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;

using Parser = http::request_parser<http::empty_body>;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

/// GET and HEAD, the two methods whose requests end with their head.
bool is_reading(http::verb method) {
    return method == http::verb::get || method == http::verb::head;
}

std::string joined(const http::fields& fields, http::field name) {
    std::string values;
    const auto [first, last] = fields.equal_range(name);
    for (auto field = first; field != last; ++field) {
        if (!values.empty()) {
            values += ',';
        }
        values += view(field->value());
    }
    return values;
}

/// What is needed of a well-formed request, or the status that refuses it before any route sees it.
tl::expected<RequestHead, unsigned> taken_from(const Parser& parser) {
    const auto& request = parser.get();
    // A transfer coding that ends with another than `chunked` leaves open where the body ends (RFC
    // 9112, 6.3). Boost 1.92's Beast refuses it by itself, 1.74's does not.
    if (request.count(http::field::transfer_encoding) > 0 && !parser.chunked()) {
        return tl::unexpected(400U);
    }
    if (request.version() > 11) {
        return tl::unexpected(505U);
    }
    if (request.target().size() > target_limit) {
        return tl::unexpected(414U);
    }
    if (request.version() == 11 && request.count(http::field::host) != 1) {
        return tl::unexpected(400U);  // RFC 9112, 3.2
    }
    const bool has_body = parser.chunked() || parser.content_length().value_or(std::uint64_t{0}) > 0;
    if (has_body && is_reading(request.method())) {
        return tl::unexpected(413U);
    }
    RequestHead head;
    head.request = {.method = std::string(view(request.method_string())),
                    .path = std::string(path_of(view(request.target()))),
                    .accept = joined(request, http::field::accept),
                    .accept_encoding = joined(request, http::field::accept_encoding)};
    head.authorization = joined(request, http::field::authorization);
    // A method with a body would leave it in front of the next request.
    head.keep_alive = request.version() == 11 && parser.keep_alive() && is_reading(request.method());
    return head;
}

}  // namespace

tl::expected<std::optional<RequestHead>, unsigned> HeadReader::next() {
    // An empty line before a request is a habit of old clients (RFC 9112, 2.2). One: more are a flood.
    if (searched_ == 0 && input_.starts_with(line_end)) {
        if (std::string_view(input_).substr(line_end.size()).starts_with(line_end)) {
            return tl::unexpected(400U);
        }
        if (input_.size() >= 2 * line_end.size()) {
            input_.erase(0, line_end.size());
        }
    }
    const auto end = input_.find(head_end, searched_);
    const auto size = end == std::string::npos ? input_.size() : end + head_end.size();
    if (size > head_limit) {
        const bool in_first_line = input_.find(line_end) >= head_limit;
        return tl::unexpected(in_first_line ? 414U : 431U);
    }
    if (end == std::string::npos) {
        // The end may have begun.
        searched_ = input_.size() - std::min(input_.size(), head_end.size() - 1);
        return std::nullopt;
    }
    Parser parser;
    parser.header_limit(head_limit + 1);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    boost::system::error_code error;
    parser.put(net::buffer(input_.data(), size), error);
    if (error) {
        return tl::unexpected(error == http::error::bad_version ? 505U : 400U);
    }
    input_.erase(0, size);
    if (input_.empty()) {
        input_.shrink_to_fit();
    }
    searched_ = 0;
    return taken_from(parser);
}

void HeadReader::clear() {
    input_.clear();
    input_.shrink_to_fit();
    searched_ = 0;
}

void add_missing(const Headers& defaults, Headers& headers) {
    // The head has it always.
    constexpr std::string_view always = "X-Content-Type-Options";
    for (const auto& header : defaults) {
        const bool there = std::any_of(headers.begin(), headers.end(), [&](const auto& other) {
            return base::same_word(header.first, other.first);
        });
        if (!there && !base::same_word(header.first, always)) {
            headers.push_back(header);
        }
    }
}

std::string_view reason_phrase(unsigned status) {
    return view(boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status)));
}

std::string response_head(const Response& response, bool close, base::Timestamp now) {
    const std::size_t shared_size = response.shared_body ? response.shared_body->size() : 0;
    std::string head = fmt::format(
        "HTTP/1.1 {} {}\r\n"
        "Date: {}\r\n"
        "Content-Type: {}\r\n"
        "Content-Length: {}\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\n",
        response.status, reason_phrase(response.status), base::format_http_date(now), response.content_type,
        shared_size + response.own_body.size());
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
