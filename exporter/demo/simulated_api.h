// demo/: a simulated organization, for `--demo` and for tests. A size, a seed and the time come in; tokens
// whose numbers look like a real organization's, and how they are created, used, edited and revoked as time
// passes, come out. `SimulatedApi` is the organization as a client of the API sees it: page by page, within a
// rate limit. Nothing here opens a socket or writes JSON: the tests' simulated API serves the same
// organization over HTTP (tests/support/simulated_datadog.h).
#pragma once

#include "demo/organization.h"

#include <chrono>
#include <cstdint>
#include <mutex>

namespace exporter::demo {

/// The API's rate limit: `limit` requests per `period`, windows aligned to the clock.
struct SimulatedRateLimit {
    int limit = 100;
    std::chrono::seconds period{10};
};

/// Not thread-safe.
class RateLimiter {
  public:
    explicit RateLimiter(SimulatedRateLimit rate_limit) : rate_limit_(rate_limit) {}

    struct Verdict {
        bool allowed = false;
        datadog::RateLimit state;  ///< what the API's headers say; no member is nullopt
    };

    /// Counts a request.
    [[nodiscard]] Verdict take(base::Timestamp now);

  private:
    SimulatedRateLimit rate_limit_;
    std::int64_t window_ = -1;
    int used_ = 0;
};

/// The tokens of `slice` as datadog/ reads them from an answer that was sent at `now`. They do not point into
/// the organization.
[[nodiscard]] datadog::Page page_of(const Slice& slice, base::Timestamp now);

/// Thread-safe.
class SimulatedApi {
  public:
    SimulatedApi(const OrganizationOptions& organization, SimulatedRateLimit rate_limit, base::Timestamp now)
        : organization_(organization, now), rate_limiter_(rate_limit) {}

    /// Lets the organization's time pass until `now`, and lists one page of it: 200, or 429 beyond the rate
    /// limit. The exchange has taken no time.
    [[nodiscard]] datadog::Answer page(const datadog::PageRequest& request, base::Timestamp now);

  private:
    std::mutex mutex_;
    // Protected by mutex_:
    SimulatedOrganization organization_;
    RateLimiter rate_limiter_;
};

}  // namespace exporter::demo
