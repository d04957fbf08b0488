#include "datadog/client.h"

#include "datadog/answer_headers.h"
#include "datadog/connection_guard.h"
#include "datadog/masking.h"
#include "datadog/page_parser.h"
#include "datadog/rfc3339.h"
#include "datadog/tunnel.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

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

/// What headers, chunk sizes and TLS may add to the bytes of a body.
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

/// HTTPS through a proxy. The tunnel is our own (see tunnel.h): for cpp-httplib the host is connected to
/// directly.
class TunnelledClient final : public httplib::SSLClient {
  public:
    TunnelledClient(config::Endpoint target, config::Proxy proxy)
        : SSLClient(target.host, target.port), target_(std::move(target)), proxy_(std::move(proxy)) {}

    /// Why the proxy gave the last connection no tunnel; empty: it did.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

  private:
    bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
        refusal_.clear();
        set_proxy(proxy_.host, proxy_.port);
        const bool connected = ClientImpl::create_and_connect_socket(socket, error);
        set_proxy("", -1);
        if (!connected) {
            return false;
        }
        if (const auto opened = open_tunnel(socket.sock, target_, proxy_); !opened) {
            refusal_ = opened.error();
            ::shutdown(socket.sock, SHUT_RDWR);
            ::close(std::exchange(socket.sock, INVALID_SOCKET));
            error = httplib::Error::Connection;
            return false;
        }
        return true;
    }

    const config::Endpoint target_;
    const config::Proxy proxy_;
    std::string refusal_;
};

}  // namespace

class Client::Impl {
  public:
    explicit Impl(ClientOptions options) : options_(std::move(options)), http_(make_client()) {}

    Answer list(const PageRequest& request, const config::Credentials& credentials,
                steady_clock::time_point deadline) {
        Answer answer{{}, tl::unexpected(Error{})};
        const auto start = steady_clock::now();
        try {
            answer = exchange(request, credentials, deadline);
        } catch (const std::exception& exception) {
            // cpp-httplib and RapidJSON throw on exhausted memory or threads; the connection's state is
            // unknown then.
            http_->stop();
            answer.page = tl::unexpected(
                make_error(ErrorKind::internal,
                           fmt::format("the request failed in this program: {}", exception.what())));
        }
        if (!answer.page) {
            // A server or a proxy may answer with the request's own headers.
            mask_secrets(answer.page.error().message, credentials);
            if (options_.proxy) {
                mask_secret(answer.page.error().message, options_.proxy->password);
            }
        }
        answer.exchange.duration = steady_clock::now() - start;
        return answer;
    }

    void disconnect() { http_->stop(); }
    void cancel() { guard_.cancel(); }

  private:
    std::unique_ptr<httplib::ClientImpl> make_client();
    std::unique_ptr<httplib::ClientImpl> make_tls_client();
    std::unique_ptr<httplib::ClientImpl> make_plain_client() const;
    httplib::Headers headers(const config::Credentials& credentials) const;
    Answer exchange(const PageRequest& request, const config::Credentials& credentials,
                    steady_clock::time_point deadline);
    Error failure(httplib::Error error, ConnectionGuard::Verdict verdict, bool too_large) const;
    Error connection_failure(std::string_view what) const;
    Error tls_failure() const;
    Error status_error(const httplib::Response& response, std::string_view body) const;

    const ClientOptions options_;
    ConnectionGuard guard_;
    httplib::SSLClient* tls_ = nullptr;     ///< http_, where it is one
    TunnelledClient* tunnelled_ = nullptr;  ///< http_, where it is one
    std::unique_ptr<httplib::ClientImpl> http_;
    std::size_t expected_body_bytes_ =
        0;  ///< the last page's size: saves growing the next page's buffer step by step
    steady_clock::time_point last_byte_;
    std::chrono::milliseconds read_timeout_{0};  ///< of the request under way
};

std::unique_ptr<httplib::ClientImpl> Client::Impl::make_client() {
    std::unique_ptr<httplib::ClientImpl> client =
        options_.endpoint.tls ? make_tls_client() : make_plain_client();
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    client->set_follow_location(false);  // A redirect would carry the credentials to another host.
    client->set_url_encode(false);       // `request_target` has done it.
    client->set_decompress(true);
    client->set_connection_timeout(options_.connect_timeout);
    client->set_socket_options([this](socket_t socket) { guard_.watch(socket); });
    return client;
}

std::unique_ptr<httplib::ClientImpl> Client::Impl::make_tls_client() {
    std::unique_ptr<httplib::SSLClient> client;
    if (options_.proxy) {
        auto tunnelled = std::make_unique<TunnelledClient>(options_.endpoint, *options_.proxy);
        tunnelled_ = tunnelled.get();
        client = std::move(tunnelled);
    } else {
        client = std::make_unique<httplib::SSLClient>(options_.endpoint.host, options_.endpoint.port);
    }
    client->enable_server_certificate_verification(true);
    if (!options_.ca_file.empty()) {
        client->set_ca_cert_path(options_.ca_file);
    }
    tls_ = client.get();  // cppcheck-suppress danglingLifetime ; what it points to becomes http_
    return client;
}

std::unique_ptr<httplib::ClientImpl> Client::Impl::make_plain_client() const {
    auto client = std::make_unique<httplib::ClientImpl>(options_.endpoint.host, options_.endpoint.port);
    if (options_.proxy) {
        client->set_proxy(options_.proxy->host, options_.proxy->port);
        if (!options_.proxy->user.empty()) {
            client->set_proxy_basic_auth(options_.proxy->user, options_.proxy->password);
        }
    }
    return client;
}

httplib::Headers Client::Impl::headers(const config::Credentials& credentials) const {
    httplib::Headers headers = {
        {"Accept", "application/json"}, {"Accept-Encoding", "gzip"}, {"User-Agent", options_.user_agent}};
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
        return {{}, tl::unexpected(make_error(ErrorKind::timeout, "no time was left for another request"))};
    }
    read_timeout_ = std::min(options_.read_timeout, left);
    http_->set_read_timeout(read_timeout_);
    http_->set_write_timeout(read_timeout_);
    http_->set_connection_timeout(std::min(options_.connect_timeout, left));

    Page page;
    page.body.reserve(expected_body_bytes_ + 1);
    bool too_large = false;
    httplib::Request http_request;
    http_request.method = "GET";
    http_request.path = request_target(request);
    http_request.headers = headers(credentials);
    http_request.content_receiver = [&](const char* data, std::size_t length, std::uint64_t, std::uint64_t) {
        last_byte_ = steady_clock::now();
        too_large = page.body.size() + length > options_.max_body_bytes;
        if (!too_large) {
            page.body.insert(page.body.end(), data, data + length);
        }
        return !too_large;
    };

    last_byte_ = now;
    guard_.begin(deadline, options_.max_body_bytes + header_allowance);
    httplib::Response response;
    auto error = httplib::Error::Success;
    const bool sent = http_->send(http_request, response, error);
    const auto verdict = guard_.end();

    Answer answer{{}, tl::unexpected(Error{})};
    answer.exchange.body_bytes = page.body.size();
    // A body without a length ends where the guard cuts it, and the library takes that for its end. The
    // status counts even where the rest of an error's answer is missing: it is what a person needs to know.
    const bool cut = verdict != ConnectionGuard::Verdict::untouched;
    if (cut || (!sent && (response.status <= 0 || response.status == 200))) {
        answer.page = tl::unexpected(failure(error, verdict, too_large));
        return answer;
    }
    answer.exchange.status = response.status;
    answer.exchange.rate_limit = rate_limit_of(headers_of(response));
    if (response.status != 200) {
        answer.page = tl::unexpected(status_error(response, {page.body.data(), page.body.size()}));
        return answer;
    }
    expected_body_bytes_ = page.body.size();
    page.body.push_back('\0');
    page.server_time = parse_http_date(response.get_header_value("Date"));
    if (auto parsed = parse_into(page); !parsed) {
        Error bad = std::move(parsed).error();
        bad.message =
            fmt::format("{} answered a page that can't be used: {}", options_.endpoint.host, bad.message);
        answer.page = tl::unexpected(std::move(bad));
        return answer;
    }
    answer.page = std::move(page);
    return answer;
}

Error Client::Impl::failure(httplib::Error error, ConnectionGuard::Verdict verdict, bool too_large) const {
    const std::string url = options_.endpoint.url();
    if (verdict == ConnectionGuard::Verdict::cancelled) {
        return make_error(ErrorKind::cancelled, "the request was cancelled");
    }
    const bool connected = error != httplib::Error::Connection && error != httplib::Error::ConnectionTimeout;
    if (verdict == ConnectionGuard::Verdict::expired && connected) {
        return make_error(ErrorKind::timeout,
                          fmt::format("{} had not answered in full by the poll's deadline", url));
    }
    if (too_large || verdict == ConnectionGuard::Verdict::flooded) {
        return make_error(ErrorKind::too_large,
                          fmt::format("{} sent more than the {} MiB that a page may have", url,
                                      options_.max_body_bytes >> 20));
    }
    // By its words: newer versions of the library have more kinds of it.
    const std::string words = httplib::to_string(error);
    if (words.starts_with("SSL")) {
        return tls_failure();
    }
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::BindIPAddress:
            return connection_failure(verdict == ConnectionGuard::Verdict::expired
                                          ? "no answer in time"
                                          : "refused or unreachable");
        case httplib::Error::ConnectionTimeout:
            return connection_failure("no answer in time");
        default:
            break;
    }
    const auto silence = steady_clock::now() - last_byte_;
    if (error == httplib::Error::Read && silence >= read_timeout_) {
        return make_error(ErrorKind::timeout, fmt::format("{} was silent for {:.1f} s", url,
                                                          std::chrono::duration<double>(silence).count()));
    }
    return make_error(ErrorKind::network, fmt::format("the connection to {} broke ({})", url, words));
}

Error Client::Impl::connection_failure(std::string_view what) const {
    if (tunnelled_ != nullptr && !tunnelled_->refusal().empty()) {
        return make_error(ErrorKind::connect,
                          fmt::format("the proxy {}:{} made no connection to {}: {}", options_.proxy->host,
                                      options_.proxy->port, options_.endpoint.url(), tunnelled_->refusal()));
    }
    const std::string& host = options_.proxy ? options_.proxy->host : options_.endpoint.host;
    if (const std::string reason = resolver_error(host); !reason.empty()) {
        return make_error(ErrorKind::dns, fmt::format("{} does not resolve: {}", host, reason));
    }
    const std::string via =
        options_.proxy ? fmt::format(" through the proxy {}:{}", host, options_.proxy->port) : std::string();
    return make_error(ErrorKind::connect,
                      fmt::format("no connection to {}{}: {}", options_.endpoint.url(), via, what));
}

Error Client::Impl::tls_failure() const {
    const long result = tls_ != nullptr ? tls_->get_openssl_verify_result() : X509_V_OK;
    const std::string reason = result != X509_V_OK
                                   ? ::X509_verify_cert_error_string(result)
                                   : "the handshake failed, or the certificate is for another host";
    return make_error(ErrorKind::tls,
                      fmt::format("no secure connection to {}: {}", options_.endpoint.url(), reason));
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
    return make_error(kind, std::move(message), retry_after);
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
