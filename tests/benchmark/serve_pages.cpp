// Serves the listing of one simulated organization from memory. Every page is built and compressed before the
// first request, so that serving costs little. The tests' simulator does more work per request.
//
// Ignores credentials, sort and filters. Two paths exist only for the benchmark: `/statistics`, and
// `/latency/<milliseconds>`, which applies to later requests.
#include "base/dates.h"
#include "demo/simulated_api.h"
#include "lifetime.h"
#include "pages.h"
#include "support/guarded_main.h"
#include "support/gzip.h"
#include "support/http_text.h"
#include "support/raw_server.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace exporter;

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

base::Timestamp now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// A complete HTTP response.
std::string wire_text(int status, std::string_view headers = "", std::string_view body = "") {
    return fmt::format(
        "HTTP/1.1 {} -\r\nDate: {}\r\nContent-Type: application/vnd.api+json\r\nContent-Length: "
        "{}\r\n{}\r\n{}",
        status, base::format_http_date(now()), body.size(), headers, body);
}

/// The data to serve. Thread-safe.
class Source {
  public:
    explicit Source(const Arguments& arguments)
        : page_size_(arguments.page_size), latency_(arguments.latency_milliseconds) {
        comparison::for_each_page(arguments.tokens, arguments.page_size, [this](const std::string& page) {
            pages_.push_back(support::gzip(page, support::Effort::least));
        });
        malloc_trim(0);  // the organization has been freed
        if (arguments.limit > 0) {
            limiter_.emplace(
                demo::SimulatedRateLimit{arguments.limit, std::chrono::seconds(arguments.period_seconds)});
        }
    }

    void serve(support::RawConnection& connection) {
        for (std::string head = connection.read_head(); !head.empty(); head = connection.read_head()) {
            const support::HttpRequest request = support::parse_request(head);
            const auto latency = arrive(request.target);
            if (latency.count() > 0) {
                (void)connection.wait(latency);
            }
            if (!connection.send(answer(request))) {
                return;
            }
        }
    }

  private:
    [[nodiscard]] static bool is_listing(std::string_view target) { return target.starts_with(listing_path); }

    /// How long to delay this request.
    std::chrono::milliseconds arrive(std::string_view target) {
        if (!is_listing(target)) {
            return std::chrono::milliseconds(0);
        }
        const auto query = support::parse_query(target);
        const std::lock_guard lock(mutex_);
        ++requests_;
        if (query && query->number == 0) {
            first_pages_.push_back(now());
        }
        return latency_;
    }

    [[nodiscard]] std::string answer(const support::HttpRequest& request) {
        const std::string_view target = request.target;
        if (is_listing(target)) {
            return page(target, request.header("accept-encoding"));
        }
        const std::lock_guard lock(mutex_);
        if (target == "/statistics") {
            return statistics();
        }
        if (target.starts_with(latency_path)) {
            const std::string_view digits = target.substr(latency_path.size());
            std::int64_t milliseconds = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
            latency_ = std::chrono::milliseconds(milliseconds);
            return wire_text(200);
        }
        return wire_text(404);
    }

    [[nodiscard]] std::string page(std::string_view target, std::string_view accept_encoding) {
        const auto query = support::parse_query(target);
        if (!query || query->size != page_size_ || !support::allows_gzip(accept_encoding)) {
            return wire_text(400);
        }
        std::string headers;
        {
            const std::lock_guard lock(mutex_);
            const auto verdict =
                limiter_ ? limiter_->take(now()) : demo::RateLimiter::Verdict{.allowed = true, .state = {}};
            if (limiter_) {
                for (const auto& [name, value] : support::rate_limit_headers(verdict.state)) {
                    headers += fmt::format("{}: {}\r\n", name, value);
                }
            }
            if (!verdict.allowed) {
                ++refused_;
                return wire_text(429, headers);
            }
            last_page_ = now();
        }
        return wire_text(200, headers + "Content-Encoding: gzip\r\n",
                         query->number < pages_.size() ? pages_[query->number] : pages_.back());
    }

    /// Times are in Unix seconds.
    [[nodiscard]] std::string statistics() const {
        const auto seconds = [](base::Timestamp moment) {
            return std::chrono::duration<double>(moment.time_since_epoch()).count();
        };
        std::string moments;
        for (const auto moment : first_pages_) {
            moments += fmt::format("{}{:.6f}", moments.empty() ? "" : ",", seconds(moment));
        }
        return wire_text(
            200, "",
            fmt::format(R"({{"requests":{},"refused":{},"last_page":{:.6f},"first_pages":[{}]}})", requests_,
                        refused_, seconds(last_page_), moments));
    }

    const std::size_t page_size_;
    std::vector<std::string> pages_;  ///< compressed; the last one is empty. Constant after construction

    std::mutex mutex_;
    // Protected by mutex_:
    std::optional<demo::RateLimiter> limiter_;
    std::chrono::milliseconds latency_;
    std::uint64_t requests_ = 0;
    std::uint64_t refused_ = 0;
    base::Timestamp last_page_;
    std::vector<base::Timestamp> first_pages_;
};

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Serves the pages of a simulated listing from memory");
    app.add_option("--tokens", arguments.tokens, "number of tokens");
    app.add_option("--page-size", arguments.page_size, "page size; requests for another are rejected");
    app.add_option("--latency", arguments.latency_milliseconds, "milliseconds before each page");
    app.add_option("--limit", arguments.limit, "requests in each period; 0: no limit");
    app.add_option("--period", arguments.period_seconds, "seconds; periods are aligned to the clock");
    app.add_option("--max-seconds", arguments.max_seconds, "exit after this many seconds");
    CLI11_PARSE(app, argc, argv);

    comparison::hold_signals();
    Source source(arguments);
    const support::RawServer server(
        [&source](support::RawConnection& connection) { source.serve(connection); }, {.concurrent = true});
    comparison::serve_until_told(server.port(), std::chrono::seconds(arguments.max_seconds));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}
