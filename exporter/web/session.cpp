#include "web/session.h"

#include "web/http_text.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace exporter::web {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t head_limit = 16384;
constexpr std::size_t target_limit = 8192;
/// How long a client may take to close its side after our last word.
constexpr std::chrono::seconds linger_deadline{2};

using RequestParser = http::request_parser<http::empty_body>;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

bool has_body(const RequestParser& parser) {
    return parser.chunked() || parser.content_length().value_or(std::uint64_t{0}) > 0;
}

/// GET and HEAD, the two methods whose requests end with their head.
bool is_reading(http::verb method) {
    return method == http::verb::get || method == http::verb::head;
}

bool is_http_1_1(const RequestParser& parser) {
    return parser.get().version() == 11;
}

/// The status that refuses a well-formed request before any route sees it.
std::optional<unsigned> objection_to(const RequestParser& parser) {
    const auto& request = parser.get();
    if (request.target().size() > target_limit) {
        return 414;
    }
    if (is_http_1_1(parser) && request.count(http::field::host) != 1) {
        return 400;  // RFC 9112, 3.2
    }
    if (is_reading(request.method()) && has_body(parser)) {
        return 413;
    }
    return std::nullopt;
}

/// The status that answers a request Beast could not read; none when there is nobody left to answer.
std::optional<unsigned> status_for(const boost::system::error_code& error, const RequestParser& parser) {
    if (error.category() != make_error_code(http::error::bad_method).category() ||
        error == http::error::end_of_stream || error == http::error::partial_message) {
        return std::nullopt;
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        const bool in_request_line = parser.get().target().empty();
        return in_request_line ? 414 : 431;
    }
    if (error == http::error::body_limit) {
        return 413;
    }
    return error == http::error::bad_version ? 505 : 400;
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

}  // namespace

Session::Session(net::ip::tcp::socket socket, Service& service)
    : service_(service),
      stream_(std::move(socket)),
      buffer_(head_limit),
      place_(service.roster.enter(*this)) {}

Session::~Session() {
    close();
}

void Session::start() {
    boost::system::error_code ignored;
    // Responses are written whole: waiting to fill a segment could only delay their ends.
    stream_.socket().set_option(net::ip::tcp::no_delay(true), ignored);
    await_request();
}

void Session::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    service_.roster.leave(place_);
    stream_.close();
}

void Session::await_request() {
    service_.roster.mark_waiting(place_);
    parser_.emplace();
    parser_->header_limit(head_limit);
    // One deadline for all reads of this head: bytes that trickle in do not extend it.
    stream_.expires_after(service_.request_deadline);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_request(error); });
}

void Session::on_request(const ErrorCode& error) {
    if (closed_) {
        return;
    }
    if (error) {
        on_unreadable_request(error);
        return;
    }
    if (const auto status = objection_to(*parser_)) {
        refuse(*status);
        return;
    }
    // A method with a body would leave it in front of the next request.
    const bool keep_alive =
        is_http_1_1(*parser_) && parser_->keep_alive() && is_reading(parser_->get().method());
    answer(call_handler(), keep_alive);
}

void Session::on_unreadable_request(const ErrorCode& error) {
    if (const auto status = status_for(error, *parser_)) {
        refuse(*status);
    } else {
        close();
    }
}

void Session::refuse(unsigned status) {
    Response response;
    response.status = status;
    response.own_body = fmt::format("{}\n", reason_phrase(status));
    answer(std::move(response), false);
}

Response Session::call_handler() const {
    const auto& head = parser_->get();
    const auto accept = joined(head, http::field::accept);
    const auto accept_encoding = joined(head, http::field::accept_encoding);
    try {
        return service_.handler(
            {view(head.method_string()), path_of(view(head.target())), accept, accept_encoding});
    } catch (...) {
        // Without the exception's text: it is for the program's author, not for whoever can reach the port.
        Response response;
        response.status = 500;
        response.own_body = fmt::format("{}\n", reason_phrase(500));
        return response;
    }
}

void Session::answer(Response response, bool keep_alive) {
    service_.roster.mark_answering(place_);
    response_ = std::move(response);
    keep_alive_ = keep_alive;
    head_ = response_head(response_, !keep_alive_, std::chrono::system_clock::now());

    std::array<net::const_buffer, 3> parts{net::buffer(head_), {}, {}};
    if (parser_->get().method() != http::verb::head) {
        if (response_.shared_body) {
            parts[1] = net::buffer(*response_.shared_body);
        }
        parts[2] = net::buffer(response_.own_body);
    }
    stream_.expires_after(service_.response_deadline);
    net::async_write(stream_, parts, [self = shared_from_this()](const ErrorCode& error, std::size_t) {
        self->on_answered(error);
    });
}

void Session::on_answered(const ErrorCode& error) {
    if (closed_) {
        return;
    }
    response_ = {};
    if (error || service_.roster.draining()) {
        close();
    } else if (keep_alive_) {
        await_request();
    } else {
        linger();
    }
}

// Closing while input is unread resets the connection, and the client may lose the response it was about to
// read.
void Session::linger() {
    service_.roster.mark_waiting(place_);
    boost::system::error_code ignored;
    stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(linger_deadline);
    discard_input();
}

void Session::discard_input() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(head_limit),
                            [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                                if (self->closed_) {
                                    return;
                                }
                                if (error) {
                                    self->close();
                                } else {
                                    self->discard_input();
                                }
                            });
}

}  // namespace exporter::web
