// Serves the listing of one simulated organization from memory, every page made and compressed before the
// first request: a source that costs little itself, and that any number of clients can ask at once. The
// simulator of the tests does more for each request, and serves 24 clients.
//
// Credentials, sort and filters are not looked at. Two paths are the benchmark's own: `/statistics`, and
// `/latency/<milliseconds>`, which holds for requests that come after it.
#include "demo/simulated_api.h"
#include "http/boost.h"
#include "lifetime.h"
#include "pages.h"
#include "support/gzip.h"
#include "support/http_text.h"

#include <CLI/CLI.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace exporter;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view listing_path = "/api/v2/personal_access_tokens?";
constexpr std::string_view latency_path = "/latency/";

struct Arguments {
    std::size_t tokens = 10'000;
    std::size_t page_size = 100;
    std::int64_t latency_milliseconds = 0;
    int limit = 0;
    std::int64_t period_seconds = 10;
    std::int64_t max_seconds = 600;
};

struct Answer {
    int status = 200;
    bool gzip = false;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string own_body;
    std::string_view body;  ///< a page's, which outlives the answer; empty: `own_body` is sent
};

base::Timestamp now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// What is served. For one thread.
class Source {
  public:
    explicit Source(const Arguments& arguments)
        : page_size_(arguments.page_size), latency_(arguments.latency_milliseconds) {
        comparison::for_each_page(arguments.tokens, arguments.page_size, [this](const std::string& page) {
            pages_.push_back(support::gzip(page, support::Effort::least));
        });
        malloc_trim(0);  // the organization is gone
        if (arguments.limit > 0) {
            limiter_.emplace(
                demo::SimulatedRateLimit{arguments.limit, std::chrono::seconds(arguments.period_seconds)});
        }
    }

    [[nodiscard]] static bool is_listing(std::string_view target) { return target.starts_with(listing_path); }
    [[nodiscard]] std::chrono::milliseconds latency() const { return latency_; }

    /// @param target of a request that has waited for the latency
    [[nodiscard]] Answer answer(std::string_view target, std::string_view accept_encoding) {
        if (is_listing(target)) {
            return page(target, accept_encoding);
        }
        if (target == "/statistics") {
            return statistics();
        }
        if (target.starts_with(latency_path)) {
            const std::string_view digits = target.substr(latency_path.size());
            std::int64_t milliseconds = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
            latency_ = std::chrono::milliseconds(milliseconds);
            return {};
        }
        return {.status = 404};
    }

    /// A request for a page has come; before it waits.
    void note_arrival(std::string_view target) {
        const auto query = support::parse_query(target);
        ++requests_;
        if (query && query->number == 0) {
            first_pages_.push_back(now());
        }
    }

  private:
    Answer page(std::string_view target, std::string_view accept_encoding) {
        const auto query = support::parse_query(target);
        if (!query || query->size != page_size_ || !support::allows_gzip(accept_encoding)) {
            return {.status = 400};
        }
        Answer answer;
        if (limiter_) {
            const auto verdict = limiter_->take(now());
            answer.headers = support::rate_limit_headers(verdict.state);
            if (!verdict.allowed) {
                ++refused_;
                answer.status = 429;
                return answer;
            }
        }
        last_page_ = now();
        answer.gzip = true;
        answer.body = query->number < pages_.size() ? pages_[query->number] : pages_.back();
        return answer;
    }

    /// Moments are seconds of the clock.
    [[nodiscard]] Answer statistics() const {
        const auto seconds = [](base::Timestamp moment) {
            return std::chrono::duration<double>(moment.time_since_epoch()).count();
        };
        std::string moments;
        for (const auto moment : first_pages_) {
            moments += fmt::format("{}{:.6f}", moments.empty() ? "" : ",", seconds(moment));
        }
        return {.own_body =
                    fmt::format(R"({{"requests":{},"refused":{},"last_page":{:.6f},"first_pages":[{}]}})",
                                requests_, refused_, seconds(last_page_), moments)};
    }

    const std::size_t page_size_;
    std::vector<std::string> pages_;  ///< compressed; the last is the empty one
    std::optional<demo::RateLimiter> limiter_;
    std::chrono::milliseconds latency_;
    std::uint64_t requests_ = 0;
    std::uint64_t refused_ = 0;
    base::Timestamp last_page_;
    std::vector<base::Timestamp> first_pages_;
};

/// One connection, kept as long as the client likes. Owned by what it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(tcp::socket socket, Source& source)
        : socket_(std::move(socket)), timer_(socket_.get_executor()), source_(source) {
        error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
    }

    void read() {
        request_ = {};
        http::async_read(socket_, buffer_, request_,
                         [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                             if (!error) {
                                 self->wait();
                             }
                         });
    }

  private:
    void wait() {
        const std::string_view target(request_.target().data(), request_.target().size());
        if (!Source::is_listing(target)) {
            return write();
        }
        source_.note_arrival(target);
        if (source_.latency().count() == 0) {
            return write();
        }
        timer_.expires_after(source_.latency());
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (!error) {
                self->write();
            }
        });
    }

    void write() {
        const auto accepted = request_[http::field::accept_encoding];
        answer_ = source_.answer({request_.target().data(), request_.target().size()},
                                 {accepted.data(), accepted.size()});
        const std::string_view body = answer_.body.empty() ? answer_.own_body : answer_.body;
        head_ = fmt::format("HTTP/1.1 {} -\r\nDate: {}\r\nContent-Type: application/vnd.api+json\r\n",
                            answer_.status, base::format_http_date(now()));
        head_ += answer_.gzip ? "Content-Encoding: gzip\r\n" : "";
        for (const auto& [name, value] : answer_.headers) {
            head_ += fmt::format("{}: {}\r\n", name, value);
        }
        head_ += fmt::format("Content-Length: {}\r\n\r\n", body.size());
        const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_),
                                                         asio::buffer(body.data(), body.size())};
        asio::async_write(socket_, parts,
                          [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                              if (!error) {
                                  self->read();
                              }
                          });
    }

    tcp::socket socket_;
    asio::steady_timer timer_;
    Source& source_;
    boost::beast::flat_buffer buffer_;
    http::request<http::empty_body> request_;
    Answer answer_;
    std::string head_;
};

class Listener {
  public:
    Listener(asio::io_context& context, Source& source)
        : acceptor_(context, {asio::ip::address_v4::loopback(), 0}), source_(source) {
        accept();
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  private:
    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (!error) {
                std::make_shared<Connection>(std::move(socket), source_)->read();
                accept();
            }
        });
    }

    tcp::acceptor acceptor_;
    Source& source_;
};

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Serves the pages of a simulated listing from memory");
    app.add_option("--tokens", arguments.tokens, "how many");
    app.add_option("--page-size", arguments.page_size, "the only one that may be asked for");
    app.add_option("--latency", arguments.latency_milliseconds, "milliseconds before each page");
    app.add_option("--limit", arguments.limit, "requests in each period; 0: no limit");
    app.add_option("--period", arguments.period_seconds, "seconds; periods are aligned to the clock");
    app.add_option("--max-seconds", arguments.max_seconds, "ends by itself after so long");
    CLI11_PARSE(app, argc, argv);

    comparison::hold_signals();
    Source source(arguments);
    asio::io_context context(1);
    Listener listener(context, source);
    std::jthread serving([&context] { context.run(); });
    comparison::serve_until_told(listener.port(), std::chrono::seconds(arguments.max_seconds));
    context.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
