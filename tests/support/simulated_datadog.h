// Simulates the Datadog API over real HTTP on loopback, for tests and benchmarks.
#pragma once

#include "demo/simulated_api.h"
#include "support/http_text.h"
#include "support/raw_server.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::support {

/// A response sent instead of the real one.
struct CannedAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The faults to simulate. `SimulatedDatadog::set_faults` may change them from any thread.
struct Faults {
    /// Called before each listing request with its number (from 0, over all requests) and the page requested.
    /// A response it returns is sent verbatim instead of the page, and doesn't count against the rate limit.
    /// Called only after the credentials and the query have been validated; calls never overlap.
    std::function<std::optional<CannedAnswer>(std::size_t number, const datadog::PageRequest& request)>
        intercept;
    /// The same for each user lookup, with the requested ID.
    std::function<std::optional<CannedAnswer>(std::size_t number, const std::string& id)> intercept_user;
    /// Called with the organization before each page is listed, so tests can create and revoke tokens between
    /// pages. The organization is locked, so calling `with_organization` from here would deadlock.
    std::function<void(demo::SimulatedOrganization&, const datadog::PageRequest&)> before_page;
    std::chrono::milliseconds latency{0};
    bool ignore_page_size = false;    ///< pages of 10, whatever was requested
    bool ignore_page_number = false;  ///< always the first page
    bool omit_total = false;
    /// Replaces the reported total with this JSON.
    std::function<std::string(std::size_t real_total)> total_json;
};

struct SimulatedDatadogOptions {
    demo::OrganizationOptions organization;  ///< `exporter_public_portion` is derived from `access_token`
    /// 0: any free port
    std::uint16_t port = 0;
    /// Accepted credentials. A request needs both keys, or the token as a bearer token or in
    /// DD-APPLICATION-KEY.
    std::string api_key = "demo-api-key";
    std::string app_key = "demo-app-key";
    std::string access_token = "ddpat_demo_0123456789abcdef";
    std::optional<demo::SimulatedRateLimit> rate_limit;
    std::string content_type = "application/vnd.api+json";
    bool gzip = true;  ///< if the request accepts it
    bool report_leaks = true;
    bool user_access_read = true;  ///< false: user lookups return 403
    /// The clock of the organization, the rate limit and the `Date` header; empty: the system clock. Called
    /// from the server's threads.
    std::function<base::Timestamp()> clock;
    bool alive = true;  ///< the organization changes over time; false: only tests change it
};

inline constexpr auto test_now =
    base::Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 3 / 14)) + std::chrono::hours(15);

/// An organization that only tests change.
inline SimulatedDatadogOptions still_options(std::size_t tokens = 137) {
    SimulatedDatadogOptions options;
    options.organization.tokens = tokens;
    options.clock = [] { return test_now; };
    options.alive = false;
    return options;
}

/// Serves `GET /api/v2/personal_access_tokens` as ../shared/api.md describes it: paging and its limits,
/// `sort`, `filter`, repeated `filter[owned_by]`, 400/401/403/404/429 with the rate-limit headers, gzip, both
/// content types, leak information; and `GET /api/v2/users/{id}`, which shares the rate limit.
class SimulatedDatadog {
  public:
    /// Starts listening on 127.0.0.1; throws std::runtime_error if it can't.
    explicit SimulatedDatadog(SimulatedDatadogOptions options);
    SimulatedDatadog(const SimulatedDatadog&) = delete;
    SimulatedDatadog& operator=(const SimulatedDatadog&) = delete;
    /// Closes all connections immediately, idle or in use.
    ~SimulatedDatadog() = default;

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    [[nodiscard]] std::string url() const;  ///< `http://127.0.0.1:<port>`

    void set_faults(Faults faults);

    /// Runs `look` on the organization while no request is being handled.
    void with_organization(const std::function<void(demo::SimulatedOrganization&)>& look);

    [[nodiscard]] std::size_t requests() const;
    [[nodiscard]] std::vector<HttpRequest> recorded() const;  ///< the last 1,000

  private:
    void serve(RawConnection& connection);
    [[nodiscard]] CannedAnswer answer(RawConnection& connection, const HttpRequest& request);
    [[nodiscard]] CannedAnswer answer_listing(const HttpRequest& request, std::size_t number);
    [[nodiscard]] CannedAnswer answer_user(const HttpRequest& request, std::size_t number);
    /// Returns what `content` makes, or 429. Adds the rate-limit headers, and compresses if the request
    /// accepts it.
    [[nodiscard]] CannedAnswer within_rate_limit(const HttpRequest& request,
                                                 const std::function<CannedAnswer()>& content);
    [[nodiscard]] CannedAnswer user(std::string_view id);
    [[nodiscard]] CannedAnswer page(const datadog::PageRequest& request, const Faults& faults);
    [[nodiscard]] std::size_t record(const HttpRequest& request);
    [[nodiscard]] std::shared_ptr<const Faults> faults() const;

    const SimulatedDatadogOptions options_;

    /// Always taken first, and held while an intercept runs so that intercepts never overlap.
    std::mutex intercept_mutex_;

    std::mutex organization_mutex_;
    demo::SimulatedOrganization organization_;  // protected by organization_mutex_

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::shared_ptr<const Faults> faults_ = std::make_shared<const Faults>();
    std::optional<demo::RateLimiter> rate_limiter_;
    std::size_t requests_ = 0;
    std::deque<HttpRequest> recorded_;

    RawServer server_;  ///< last, because its threads use all the members above
};

}  // namespace exporter::support
