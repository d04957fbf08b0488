#include "datadog/client.h"

#include "datadog/answer_headers.h"
#include "datadog/commons.h"
#include "datadog/connection_guard.h"
#include "datadog/masking.h"
#include "datadog/page_parser.h"
#include "datadog/rfc3339.h"
#include "datadog/transport.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::datadog {

namespace {

using std::chrono::steady_clock;

Error make_error(ErrorKind kind, std::string message,
                 std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return {kind, std::move(message), retry_after};
}

/// What headers and chunk sizes may add to the bytes of a body.
constexpr std::uint64_t header_allowance = std::uint64_t{4} << 20;

HeaderLookup headers_of(const httplib::Response& response) {
    return [&response](const char* name) { return response.get_header_value(name); };
}

ErrorKind kind_of_status(int status) {
    switch (status) {
        case 401:
            return ErrorKind::unauthorized;
        case 403:
            return ErrorKind::forbidden;
        case 404:
            return ErrorKind::not_found;
        case 407:  // a proxy's
            return ErrorKind::connect;
        case 408:
            return ErrorKind::timeout;
        case 429:
            return ErrorKind::rate_limited;
        default:
            break;
    }
    if (status >= 300 && status < 400) {
        return ErrorKind::redirect;
    }
    if (status >= 400 && status < 500) {
        return ErrorKind::bad_request;
    }
    return status >= 500 && status < 600 ? ErrorKind::server_error : ErrorKind::bad_status;
}

/// Why `host` does not resolve; empty when it does.
std::string resolver_error(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (status != 0) {
        return ::gai_strerror(status);
    }
    ::freeaddrinfo(found);
    return {};
}

constexpr std::string_view no_room_beside_others =
    "a page over 256 KiB while other large pages use up the memory that they share";

/// Adds to the page's body, which grows by doubling: all its buffers together stay below twice the last.
///
/// @return what there is too much of; empty: nothing
std::string append(Page& page, std::string_view bytes, std::size_t max_bytes) {
    const std::size_t size = page.body.size() + bytes.size();
    if (size > max_bytes) {
        return fmt::format("more than the {} MiB that a page may have", max_bytes >> 20);
    }
    if (size >= page.body.capacity()) {  // There is to be room for a NUL.
        const std::size_t capacity = std::min(std::max(2 * page.body.capacity(), size + 1), max_bytes + 1);
        if (!page.memory.grow_to(capacity)) {
            return std::string(no_room_beside_others);
        }
        page.body.reserve(capacity);
    }
    page.body.insert(page.body.end(), bytes.begin(), bytes.end());
    return {};
}

ClientOptions with_commons(ClientOptions options) {
    if (!options.commons) {
        options.commons = std::make_shared<Commons>("");
    }
    if (!options.answers) {
        options.answers = std::make_shared<AnswerMemory>(options.commons->answers);
    }
    return options;
}

}  // namespace

class Client::Impl {
  public:
    explicit Impl(ClientOptions options)
        : options_(with_commons(std::move(options))),
          guard_(options_.commons->watchdog),
          http_(options_.endpoint, options_.proxy, options_.commons->trust, wire_) {
        http_.set_keep_alive(true);
        http_.set_tcp_nodelay(true);
        http_.set_follow_location(false);  // A redirect would carry the credentials to another host.
        http_.set_url_encode(false);       // `request_target` has done it.
        http_.set_decompress(true);
        http_.set_socket_options([this](socket_t socket) { guard_.watch(socket); });
    }

    Answer list(const PageRequest& request, const config::Credentials& credentials,
                steady_clock::time_point deadline) {
        Answer answer{{}, tl::unexpected(Error{})};
        const auto start = steady_clock::now();
        try {
            answer = exchange(request, credentials, deadline);
        } catch (const std::exception& exception) {
            // cpp-httplib and RapidJSON throw on exhausted memory or threads; the connection's state is
            // unknown then.
            (void)guard_.end(false);
            http_.stop();
            answer.page = tl::unexpected(
                make_error(ErrorKind::internal,
                           fmt::format("the request failed in this program: {}", exception.what())));
        }
        if (!answer.page) {
            // A server or a proxy may answer with the request's own headers.
            mask_secrets(answer.page.error().message, credentials);
            if (options_.proxy) {
                mask_proxy(answer.page.error().message, *options_.proxy);
            }
        }
        answer.exchange.duration = steady_clock::now() - start;
        if (answer.page && answer.page->asked_at) {
            // Datadog's clock is asked when the answer goes out, after the tokens were read.
            *answer.page->asked_at -=
                std::chrono::duration_cast<Timestamp::duration>(answer.exchange.duration);
        }
        return answer;
    }

    void disconnect() { http_.stop(); }
    void cancel() { guard_.cancel(); }

  private:
    httplib::Headers headers(const config::Credentials& credentials) const;
    Answer exchange(const PageRequest& request, const config::Credentials& credentials,
                    steady_clock::time_point deadline);
    Error failure(httplib::Error error, ConnectionGuard::Verdict verdict, const std::string& excess) const;
    Error excess_error(std::string_view excess) const;
    Error connection_failure(std::string_view what) const;
    Error status_error(const httplib::Response& response, std::string_view body) const;

    const ClientOptions options_;
    ConnectionGuard guard_;
    Wire wire_;
    Transport http_;
    /// The last page's size, if it was ordinary: saves growing the next page's buffer step by step.
    std::size_t expected_body_bytes_ = 0;
    // Of the request under way:
    steady_clock::time_point deadline_;
    std::chrono::milliseconds read_timeout_{0};
};

httplib::Headers Client::Impl::headers(const config::Credentials& credentials) const {
    const std::string url = options_.endpoint.url();
    httplib::Headers headers = {
        // The library knows nothing of TLS, and so not which port goes without saying.
        {"Host", url.substr(url.find("://") + 3)},
        {"Accept", "application/json"},
        {"Accept-Encoding", "gzip"},
        {"User-Agent", options_.user_agent}};
    const auto add = [&headers](const char* name, const char* scheme,
                                const std::optional<config::Secret>& secret) {
        if (secret) {
            headers.emplace(name, std::string(scheme).append(secret->expose()));
        }
    };
    add("Authorization", "Bearer ", credentials.bearer_token);
    add("DD-API-KEY", "", credentials.api_key);
    add("DD-APPLICATION-KEY", "", credentials.app_key);
    return headers;
}

Answer Client::Impl::exchange(const PageRequest& request, const config::Credentials& credentials,
                              steady_clock::time_point deadline) {
    const auto now = steady_clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
    if (left <= left.zero()) {
        Exchange none;
        none.made = false;
        return {std::move(none),
                tl::unexpected(make_error(ErrorKind::timeout, "no time was left for another request"))};
    }
    read_timeout_ = std::min(options_.read_timeout, left);
    http_.set_read_timeout(read_timeout_);
    http_.set_write_timeout(read_timeout_);
    http_.set_connection_timeout(std::min(options_.connect_timeout, left));

    Page page;
    page.memory = AnswerMemory::Share(options_.answers);
    page.body.reserve(expected_body_bytes_ + 1);
    std::string excess;
    httplib::Request http_request;
    http_request.method = "GET";
    http_request.path = request_target(request);
    http_request.headers = headers(credentials);
    http_request.content_receiver = [&](const char* data, std::size_t length, std::uint64_t, std::uint64_t) {
        excess = append(page, {data, length}, options_.max_body_bytes);
        return excess.empty();
    };

    deadline_ = deadline;
    wire_.begin(options_.max_body_bytes + header_allowance, read_timeout_, deadline);
    guard_.begin(deadline);
    httplib::Response response;
    auto error = httplib::Error::Success;
    const bool sent = http_.send(http_request, response, error);
    const auto verdict = guard_.end(sent);

    Answer answer{{}, tl::unexpected(Error{})};
    answer.exchange.body_bytes = page.body.size();
    // A body without a length ends where the guard cuts it, and the library takes that for its end. The
    // status counts even where the rest of an error's answer is missing: it is what a person needs to know.
    const bool cut = verdict != ConnectionGuard::Verdict::untouched;
    if (cut || (!sent && (response.status <= 0 || response.status == 200))) {
        answer.page = tl::unexpected(failure(error, verdict, excess.empty() ? wire_.excess() : excess));
        return answer;
    }
    answer.exchange.status = response.status;
    answer.exchange.rate_limit = rate_limit_of(headers_of(response));
    if (response.status != 200) {
        answer.page = tl::unexpected(status_error(response, {page.body.data(), page.body.size()}));
        return answer;
    }
    expected_body_bytes_ = std::min(page.body.size(), AnswerMemory::ordinary);
    page.body.push_back('\0');
    page.answered_at = parse_http_date(response.get_header_value("Date"));
    page.asked_at = page.answered_at;
    if (auto parsed = parse_into(page); !parsed) {
        Error bad = std::move(parsed).error();
        bad.message =
            fmt::format("{} answered a page that can't be used: {}", options_.endpoint.host, bad.message);
        answer.page = tl::unexpected(std::move(bad));
        return answer;
    }
    if (!page.memory.grow_to(page.bytes())) {
        answer.page = tl::unexpected(excess_error(no_room_beside_others));
        return answer;
    }
    answer.page = std::move(page);
    return answer;
}

Error Client::Impl::failure(httplib::Error error, ConnectionGuard::Verdict verdict,
                            const std::string& excess) const {
    const std::string url = options_.endpoint.url();
    if (verdict == ConnectionGuard::Verdict::cancelled) {
        return make_error(ErrorKind::cancelled, "the request was cancelled");
    }
    const bool refused = error == httplib::Error::Connection && http_.failure();
    const bool connected =
        refused || (error != httplib::Error::Connection && error != httplib::Error::ConnectionTimeout);
    // Whoever notices first, the guard or the wire.
    const bool expired = verdict == ConnectionGuard::Verdict::expired ||
                         (wire_.was_silent() && steady_clock::now() >= deadline_);
    if (expired && connected) {
        return make_error(ErrorKind::timeout,
                          fmt::format("{} had not answered in full by the poll's deadline", url));
    }
    if (refused) {
        return *http_.failure();
    }
    if (!excess.empty()) {
        return excess_error(excess);
    }
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::BindIPAddress:
            return connection_failure(expired ? "no answer in time" : "refused or unreachable");
        case httplib::Error::ConnectionTimeout:
            return connection_failure("no answer in time");
        default:
            break;
    }
    if (wire_.was_silent()) {
        return make_error(ErrorKind::timeout,
                          fmt::format("{} was silent for {:.1f} s", url,
                                      std::chrono::duration<double>(read_timeout_).count()));
    }
    return make_error(ErrorKind::network,
                      fmt::format("the connection to {} broke ({})", url, httplib::to_string(error)));
}

Error Client::Impl::excess_error(std::string_view excess) const {
    Error error =
        make_error(ErrorKind::too_large, fmt::format("{} sent {}", options_.endpoint.url(), excess));
    error.no_room = excess == no_room_beside_others;
    return error;
}

Error Client::Impl::connection_failure(std::string_view what) const {
    const bool in_time = steady_clock::now() < deadline_;  // A lookup can't be cut short.
    const std::string& host = options_.proxy ? options_.proxy->host : options_.endpoint.host;
    if (const std::string reason = in_time ? resolver_error(host) : ""; !reason.empty()) {
        return make_error(ErrorKind::dns, fmt::format("{} does not resolve: {}", host, reason));
    }
    const std::string via =
        options_.proxy ? fmt::format(" through the proxy {}:{}", host, options_.proxy->port) : std::string();
    return make_error(ErrorKind::connect,
                      fmt::format("no connection to {}{}: {}", options_.endpoint.url(), via, what));
}

Error Client::Impl::status_error(const httplib::Response& response, std::string_view body) const {
    const ErrorKind kind = kind_of_status(response.status);
    std::string message = fmt::format("{} from {}", response.status, options_.endpoint.host);
    if (const std::string words = error_text(body); !words.empty()) {
        message += ": " + words;
    }
    const HeaderLookup header = headers_of(response);
    auto retry_after = retry_after_of(header);
    if (kind == ErrorKind::rate_limited && !retry_after) {
        retry_after = rate_limit_of(header).reset;
    }
    Error error = make_error(kind, std::move(message), retry_after);
    error.definitive = response.status == 407;  // Repeated log-ins with a wrong password lock an account.
    return error;
}

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Client::~Client() = default;

Answer Client::list(const PageRequest& request, const config::Credentials& credentials,
                    std::chrono::steady_clock::time_point deadline) {
    return impl_->list(request, credentials, deadline);
}

void Client::disconnect() {
    impl_->disconnect();
}

void Client::cancel() {
    impl_->cancel();
}

}  // namespace exporter::datadog
