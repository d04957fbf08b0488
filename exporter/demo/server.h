// The simulated API over real HTTP on loopback.
#pragma once

#include "demo/organization.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace exporter::demo {

/// An answer sent instead of the listing.
struct CannedAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The API's rate limit: `limit` requests per `period`, windows aligned to the clock.
struct SimulatedRateLimit {
    int limit = 100;
    std::chrono::seconds period{10};
};

/// What can be made to go wrong. Thread-safe to change through `SimulatedDatadog::set_faults`.
struct Faults {
    /// Asked before each listing request with its number (from 0, over all requests) and the page asked for.
    /// An answer is sent instead of the page, as it is, and takes nothing from the rate limit. Asked only
    /// once the credentials and the query have proven right; calls never overlap.
    std::function<std::optional<CannedAnswer>(std::size_t request, const Query& query)> intercept;
    /// Called with the organization before each page is listed: tests create and revoke tokens between pages.
    /// The organization is locked: `with_organization` in here would wait for ever.
    std::function<void(SimulatedOrganization&, const Query&)> before_page;
    std::chrono::milliseconds latency{0};
    bool ignore_page_size = false;    ///< pages of 10, whatever was asked
    bool ignore_page_number = false;  ///< always the first page
    bool omit_total = false;
    /// Replaces the reported total with this JSON.
    std::function<std::string(std::size_t real_total)> total_json;
};

struct SimulatedDatadogOptions {
    OrganizationOptions organization;  ///< its `exporter_public_portion` is taken from `access_token`
    /// 0: any free port
    std::uint16_t port = 0;
    /// Accepted credentials. A request needs the two keys, or the token as bearer or in DD-APPLICATION-KEY.
    std::string api_key = "demo-api-key";
    std::string app_key = "demo-app-key";
    std::string access_token = "ddpat_demo_0123456789abcdef";
    std::optional<SimulatedRateLimit> rate_limit;
    std::string content_type = "application/vnd.api+json";
    bool gzip = true;  ///< when the request allows it
    bool report_leaks = true;
    /// The clock of the organization, of the rate limit and of the `Date` header; the real one when empty.
    /// Called from the server's threads.
    std::function<base::Timestamp()> clock;
    bool alive = true;  ///< time passes with each request; false: the organization changes only by hand
};

/// What was asked of the server, for tests. Headers are in lower case.
struct RecordedRequest {
    std::string target;  ///< path and query as on the wire
    std::vector<std::pair<std::string, std::string>> headers;
};

/// Serves `GET /api/v2/personal_access_tokens` as ../shared/api.md describes it: paging and its limits,
/// `sort`, `filter`, repeated `filter[owned_by]`, 400/401/403/404/429 with the rate-limit headers, gzip, both
/// content types, leak information.
class SimulatedDatadog {
  public:
    /// Starts listening on 127.0.0.1; throws std::runtime_error when it can't. At most 24 clients are served
    /// at once.
    explicit SimulatedDatadog(SimulatedDatadogOptions options);
    SimulatedDatadog(const SimulatedDatadog&) = delete;
    SimulatedDatadog& operator=(const SimulatedDatadog&) = delete;
    /// Ends connections, kept alive or waiting, at once.
    ~SimulatedDatadog();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;  ///< `http://127.0.0.1:<port>`

    void set_faults(Faults faults);

    /// Runs `look` with the organization, no request in between.
    void with_organization(const std::function<void(SimulatedOrganization&)>& look);

    [[nodiscard]] std::size_t requests() const;
    [[nodiscard]] std::vector<RecordedRequest> recorded() const;  ///< the last 1,000

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::demo
