#include "http/request.h"

#include "base/text.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

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

/// The relevant parts of a well-formed request, or the status that rejects it before any route sees it.
tl::expected<RequestHead, unsigned> taken_from(const Parser& parser) {
    const auto& request = parser.get();
    // If the last transfer coding is not `chunked`, the end of the body is unknown (RFC 9112, 6.3). Beast
    // rejects this itself in Boost 1.92, but not in 1.74.
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
    // The body of another method would be read as the next request.
    head.keep_alive = request.version() == 11 && parser.keep_alive() && is_reading(request.method());
    return head;
}

/// In thousandths, because a weight has at most three decimals.
using Weight = unsigned;

constexpr Weight full_weight = 1000;

/// The first `separator` outside quoted strings; npos if there is none.
std::size_t find_unquoted(char separator, std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == separator && !quoted) {
            return i;
        }
    }
    return std::string_view::npos;
}

/// Removes and returns the text before the next `separator`, trimmed.
std::string_view take_until(char separator, std::string_view& text) {
    const auto end = find_unquoted(separator, text);
    const auto taken = base::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

/// Escapes are not decoded: no value compared here has any.
std::string_view unquoted(std::string_view value) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
}

/// `0`, `1`, or either with up to three decimals, at most 1 (RFC 9110, 12.4.2); otherwise nullopt.
std::optional<Weight> parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) {
        return std::nullopt;
    }
    std::string thousandths(text.substr(0, 1));
    thousandths += text.substr(std::min<std::size_t>(2, text.size()));
    thousandths.resize(4, '0');
    const Weight weight = base::parse_number<Weight>(std::string_view(thousandths)).value_or(full_weight + 1);
    return weight <= full_weight ? std::optional(weight) : std::nullopt;
}

/// One element of either header: `name` (a media range or a coding) and its parameters.
struct Choice {
    std::string_view name;
    std::optional<Weight> weight = full_weight;  ///< nullopt: unreadable
    std::string_view version;                    ///< empty: any
};

/// Removes the first element from `header`.
Choice take_choice(std::string_view& header) {
    auto parameters = take_until(',', header);
    Choice choice{.name = take_until(';', parameters)};
    while (!parameters.empty()) {
        auto value = take_until(';', parameters);
        const auto parameter = take_until('=', value);
        if (base::same_word(parameter, "q")) {
            choice.weight = parse_weight(base::trim(value));
        } else if (base::same_word(parameter, "version")) {
            choice.version = unquoted(base::trim(value));
        }
    }
    return choice;
}

/// How specifically a range matches an offer; the most specific one decides (RFC 9110, 12.5.1).
enum class Closeness { none, anything, type, named, named_with_version };

Closeness closeness(const Choice& range, const MediaType& offer) {
    if (!range.version.empty() && range.version != offer.version) {
        return Closeness::none;
    }
    if (base::same_word(range.name, offer.name)) {
        return range.version.empty() ? Closeness::named : Closeness::named_with_version;
    }
    const auto type = offer.name.substr(0, offer.name.find('/') + 1);
    if (range.name.ends_with("/*") && base::same_word(range.name.substr(0, range.name.size() - 1), type)) {
        return Closeness::type;
    }
    return range.name == "*/*" ? Closeness::anything : Closeness::none;
}

/// The weight that a header gives an offer, and whether it names the offer; ordered by preference.
using Preference = std::pair<Weight, bool>;

Preference preference(std::string_view accept, const MediaType& offer) {
    Weight weight = 0;
    auto closest = Closeness::none;
    while (!accept.empty()) {
        const Choice range = take_choice(accept);
        const auto close = closeness(range, offer);
        if (range.weight && close != Closeness::none && close >= closest) {
            weight = close == closest ? std::max(weight, *range.weight) : *range.weight;
            closest = close;
        }
    }
    return {weight, weight > 0 && closest >= Closeness::named};
}

}  // namespace

tl::expected<std::optional<RequestHead>, unsigned> HeadReader::next() {
    // Old clients send an empty line before a request (RFC 9112, 2.2). Only one is allowed: more would be a
    // flood.
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
        // Part of the end may have arrived.
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
    // `response_head` always adds this one.
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

std::size_t preferred_type(std::string_view accept, std::span<const MediaType> offers) {
    const auto best = std::ranges::max_element(
        offers, {}, [accept](const MediaType& offer) { return preference(accept, offer); });
    return static_cast<std::size_t>(best - offers.begin());
}

bool prefers_gzip(std::string_view accept_encoding) {
    std::optional<Weight> gzip;
    Weight any = 0;
    Weight identity = 0;
    while (!accept_encoding.empty()) {
        const Choice coding = take_choice(accept_encoding);
        const Weight weight = coding.weight.value_or(0);
        if (base::same_word(coding.name, "gzip") || base::same_word(coding.name, "x-gzip")) {
            gzip = std::max(gzip.value_or(0), weight);
        } else if (base::same_word(coding.name, "identity")) {
            identity = weight;
        } else if (coding.name == "*") {
            any = weight;
        }
    }
    const Weight weight = gzip.value_or(any);
    return weight > 0 && weight >= identity;
}

}  // namespace exporter::http
