#include "datadog/transport.h"

#include "base/address.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <exception>

namespace exporter::datadog {

namespace {

using std::chrono::steady_clock;

// Only the two classes below access cpp-httplib's internals. The functions they override have other names and
// arguments in newer versions. They define all variants, without `override`, because it depends on the
// version which ones apply.

// NOLINTBEGIN(modernize-use-override)

/// The stream that the library reads and writes: a connected socket, with or without TLS. The library gets
/// only what it needs of the answer, in a form that all its versions understand: a status line, no headers,
/// and the body without framing up to the end of the stream. The first line of the library's request is
/// replaced: 0.41 decodes and re-encodes the query but leaves `;` alone, which servers drop or treat as a
/// separator.
class AnswerStream final : public httplib::Stream {
  public:
    AnswerStream(int socket, Wire& wire, const std::string& request_line, AnswerReader& answer)
        : socket_(socket), wire_(wire), answer_(answer), unsent_line_(request_line) {}

    ssize_t read(char* target, std::size_t size) {
        while (head_.empty() && piece_.empty()) {
            if (!advance()) {
                return answer_.is_whole() ? 0 : -1;
            }
        }
        std::string_view& source = head_.empty() ? piece_ : head_;
        const std::size_t taken = source.copy(target, size);
        source.remove_prefix(taken);
        return static_cast<ssize_t>(taken);
    }

    ssize_t write(const char* bytes, std::size_t size) {
        std::string_view text(bytes, size);
        std::string first;
        if (const std::string_view line = std::exchange(unsent_line_, {}); !line.empty()) {
            first = std::string(line).append(text.substr(std::min(text.find("\r\n"), size)));
            text = first;  // In one write, so that it fits into one packet.
        }
        is_sent_ = is_sent_ && wire_.write_all(text);
        // A server that does not read the whole request may still have answered it.
        return is_sent_ || !wire_.was_silent() ? static_cast<ssize_t>(size) : -1;
    }

    // `read` and `write` do the waiting.
    [[nodiscard]] bool is_readable() const { return true; }
    [[nodiscard]] bool is_writable() const { return true; }    // 0.11, 0.18
    [[nodiscard]] bool wait_readable() const { return true; }  // 0.41
    [[nodiscard]] bool wait_writable() const { return true; }  // 0.41
    // For a time limit in the library, which is not set.
    [[nodiscard]] time_t duration() const { return 0; }  // 0.41
    // Used only by the library's servers.
    void get_remote_ip_and_port(std::string& ip, int& port) const {
        ip.clear();
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const { get_remote_ip_and_port(ip, port); }
    [[nodiscard]] socket_t socket() const { return socket_; }

    /// Whether the whole request was sent.
    [[nodiscard]] bool is_sent() const { return is_sent_; }
    /// Surplus bytes that were read.
    [[nodiscard]] std::string_view& surplus() { return received_; }

  private:
    /// Reads on to the next head or piece of the body. False: the answer is complete, or it broke off.
    bool advance() {
        const bool had_head = answer_.head() != nullptr;
        if (answer_.is_whole() || answer_.failure() || (received_.empty() && !fill())) {
            return false;
        }
        piece_ = answer_.take(received_);
        if (!had_head && answer_.head() != nullptr) {
            head_text_ = fmt::format("HTTP/1.1 {:03} -\r\n\r\n", answer_.head()->status);
            head_ = head_text_;
        }
        return true;
    }

    bool fill() {
        const ssize_t received = wire_.read(buffer_.data(), buffer_.size());
        if (received == 0) {
            answer_.end_of_bytes();
        } else if (received > 0) {
            received_ = {buffer_.data(), static_cast<std::size_t>(received)};
        }
        return received >= 0;
    }

    const int socket_;
    Wire& wire_;
    AnswerReader& answer_;
    std::string_view unsent_line_;
    bool is_sent_ = true;
    std::string head_text_;
    std::string_view head_;      ///< the rest of `head_text_` that the library has not read
    std::string_view piece_;     ///< the piece of the body that the library has not read yet
    std::string_view received_;  ///< the rest of `buffer_` that `answer_` has not consumed
    std::array<char, std::size_t{16} << 10> buffer_;
};

/// The library doesn't know about the proxy: it would send the proxy's password through the tunnel too, or
/// drop a password without a user.
class Connection final : public Transport, public httplib::ClientImpl {
  public:
    Connection(Target target, TlsContext trust)
        : ClientImpl(target.endpoint.host, target.endpoint.port),
          target_(std::move(target)),
          name_(target_.unix_path.empty() ? target_.endpoint.url() : "unix:" + target_.unix_path),
          trust_(std::move(trust)) {
        set_keep_alive(true);
        set_follow_location(false);  // A redirect would carry the credentials to another host.
        set_decompress(false);
    }

    Outcome get(const Request& request, const Limits& limits);
    void disconnect() { stop(); }
    void cancel() { wire_.cancel(); }

  private:
    // Replaces the library's connections, TLS and tunnel.
    bool create_and_connect_socket(Socket& socket, httplib::Error& error);
    void shutdown_ssl(Socket& socket, bool shutdown_gracefully);
    // For our own stream.
    bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback);  // 0.11, 0.18
    [[maybe_unused]] bool process_socket(const Socket& socket, steady_clock::time_point start,
                                         std::function<bool(httplib::Stream&)> callback);  // 0.41

    [[nodiscard]] bool is_plain_proxy() const { return target_.proxy && !target_.endpoint.tls; }
    [[nodiscard]] httplib::Request http_request(const Request& request) const;
    /// Connects to the proxy, if any, and to the target. nullopt: done.
    ///
    /// @param socket closed by `get` if unusable
    [[nodiscard]] std::optional<Error> connect(Socket& socket);
    [[nodiscard]] Error failure() const;

    const Target target_;
    const std::string name_;
    const TlsContext trust_;
    Wire wire_;
    // State of the current exchange:
    Limits limits_{};
    std::string request_line_;
    std::optional<AnswerReader> answer_;
    bool fresh_ = false;  ///< this exchange opened its connection
    bool is_sent_ = false;
    std::exception_ptr exception_;  ///< from a function that the library called
    std::optional<Error> refusal_;  ///< why there is no usable connection
};
// NOLINTEND(modernize-use-override)

Transport::Outcome Connection::get(const Request& request, const Limits& limits) {
    limits_ = limits;
    answer_.emplace(AnswerReader::Method::get, limits.body_bytes);
    request_line_ =
        fmt::format("GET {}{} HTTP/1.1", is_plain_proxy() ? target_.endpoint.url() : "", request.target);
    fresh_ = is_sent_ = false;
    exception_ = nullptr;
    refusal_.reset();
    wire_.begin(limits.silence, limits.deadline);
    // Anything the peer has sent since the last answer would be mistaken for the next one.
    if (socket_.is_open() && !wire_.is_idle()) {
        stop();
    }

    bool wanted = true;
    httplib::Request http = http_request(request);
    http.response_handler = [&](const httplib::Response& /*response*/) {
        wanted = !request.on_head || request.on_head(*answer_->head());
        return wanted;
    };
    http.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        wanted = request.on_body({data, size});
        return wanted;
    };
    httplib::Response ignored;
    auto error = httplib::Error::Success;
    const bool done = send(http, ignored, error);

    if (!done || !is_sent_ || !answer_->keeps_connection()) {
        stop();
    }
    if (exception_) {
        std::rethrow_exception(exception_);
    }
    Outcome outcome;
    if (answer_->head() != nullptr) {
        outcome.head = *answer_->head();
    }
    // The result of `send` alone isn't enough: version 0.18 accepts truncated bodies. Nor is the answer
    // alone: without a length, a truncated one looks complete.
    if (wire_.is_cancelled() || (wanted && !(done && answer_->is_whole()))) {
        outcome.failure = failure();
    }
    return outcome;
}

httplib::Request Connection::http_request(const Request& request) const {
    httplib::Request http;
    http.method = "GET";
    const std::string url = target_.endpoint.url();
    http.path.assign(1, '/');
    // The library doesn't know about TLS, so it doesn't know the default port.
    http.headers.emplace("Host", target_.unix_path.empty() ? url.substr(url.find("://") + 3) : "localhost");
    if (is_plain_proxy()) {
        if (auto authorization = proxy_authorization(*target_.proxy)) {
            http.headers.emplace("Proxy-Authorization", *std::move(authorization));
        }
    }
    http.headers.insert(request.fields.begin(), request.fields.end());
    return http;
}

bool Connection::create_and_connect_socket(Socket& socket, httplib::Error& /*error*/) {
    fresh_ = true;
    refusal_ = connect(socket);
    return !refusal_;
}

std::optional<Error> Connection::connect(Socket& socket) {
    const auto& [endpoint, unix_path, proxy] = target_;
    const std::string proxy_name =
        proxy ? fmt::format("the proxy {}", base::host_port_text({proxy->host, proxy->port})) : "";
    wire_.begin(limits_.connect, limits_.deadline);
    auto connected = !unix_path.empty() ? wire_.connect(unix_path)
                     : proxy            ? wire_.connect(proxy->host, proxy->port)
                                        : wire_.connect(endpoint.host, endpoint.port);
    if (!connected) {
        Error& error = connected.error();
        if (error.kind == ErrorKind::connect) {
            error.message = fmt::format("no connection to {}{}: {}", name_,
                                        proxy ? " through " + proxy_name : "", error.message);
        }
        return std::move(connected).error();
    }
    socket.sock = *connected;
    wire_.begin(limits_.silence, limits_.deadline);
    if (!endpoint.tls) {
        return std::nullopt;
    }
    if (proxy) {
        if (auto opened = open_tunnel(wire_, endpoint, *proxy); !opened) {
            opened.error().message =
                fmt::format("{} made no connection to {}: {}", proxy_name, name_, opened.error().message);
            return std::move(opened).error();
        }
    }
    if (auto started = wire_.start_tls(trust_, endpoint.host); !started) {
        started.error().message =
            fmt::format("no secure connection to {}: {}", name_, started.error().message);
        return std::move(started).error();
    }
    return std::nullopt;
}

bool Connection::process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) {
    AnswerStream stream(socket.sock, wire_, request_line_, *answer_);
    bool done = false;
    try {
        done = callback(stream);
    } catch (...) {
        // Don't throw through the library: 0.11 would count this request as in progress forever.
        exception_ = std::current_exception();
    }
    is_sent_ = stream.is_sent();
    (void)answer_->take(stream.surplus());
    // With TLS 1.3, a server that rejects the client does so after the first request.
    if (!wire_.alert().empty() && fresh_ && !answer_->has_begun()) {
        refusal_ = Error{ErrorKind::tls, fmt::format("no secure connection to {}: {}", name_, wire_.alert())};
    }
    return done;
}

bool Connection::process_socket(const Socket& socket, steady_clock::time_point /*start*/,
                                std::function<bool(httplib::Stream&)> callback) {
    return process_socket(socket, std::move(callback));
}

void Connection::shutdown_ssl(Socket& /*socket*/, bool shutdown_gracefully) {
    wire_.detach(shutdown_gracefully);
}

Error Connection::failure() const {
    if (wire_.is_cancelled()) {
        return {ErrorKind::cancelled, "the request was cancelled"};
    }
    if (refusal_) {
        return *refusal_;
    }
    if (const auto& fault = answer_->failure()) {
        return {fault->kind, fmt::format("{} sent {}", name_, fault->message)};
    }
    if (wire_.was_silent() && steady_clock::now() >= limits_.deadline) {
        return {ErrorKind::timeout, fmt::format("{} did not answer in full in time", name_)};
    }
    if (wire_.was_silent()) {
        return {ErrorKind::timeout, fmt::format("{} was silent for {:.1f} s", name_,
                                                std::chrono::duration<double>(limits_.silence).count())};
    }
    return {ErrorKind::network, fmt::format("the connection to {} broke before {}", name_,
                                            answer_->has_begun() ? "its answer was whole" : "it answered")};
}

}  // namespace

std::unique_ptr<Transport> Transport::make(Target target, TlsContext trust) {
    return std::make_unique<Connection>(std::move(target), std::move(trust));
}

Result<int> status_of(const Transport::Target& target, const std::string& path,
                      std::chrono::milliseconds limit) {
    const TlsContext trust = TlsContext::of_anybody();
    const auto outcome =
        Transport::make(target, trust)
            ->get({.target = path, .on_head = [](const AnswerHead&) { return false; }},
                  {.connect = limit, .silence = limit, .deadline = steady_clock::now() + limit});
    if (!outcome.head) {
        return tl::unexpected(*outcome.failure);
    }
    return outcome.head->status;
}

}  // namespace exporter::datadog
