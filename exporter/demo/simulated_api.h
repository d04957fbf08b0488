// The simulated organization as seen by an API client: page by page and user by user, within a rate limit.
#pragma once

#include "datadog/page.h"
#include "datadog/user.h"
#include "demo/organization.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>

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

/// `tokens` as datadog/ reads them from an answer sent at `now`. The page does not point into them.
/// @param total size of the whole listing
[[nodiscard]] datadog::Page page_of(std::span<const SimulatedToken> tokens, std::size_t total,
                                    base::Timestamp now);

/// Thread-safe.
class SimulatedApi {
  public:
    SimulatedApi(const OrganizationOptions& organization, SimulatedRateLimit rate_limit, base::Timestamp now)
        : organization_(organization, now), rate_limiter_(rate_limit) {}

    /// Advances the organization's time to `now`, and lists one page of tokens in order of creation: 200, or
    /// 429 beyond the rate limit. The exchange takes no time.
    [[nodiscard]] datadog::Answer page(std::size_t number, std::size_t size, base::Timestamp now);
    /// Looks up one user: 200, 404, or 429 beyond the same rate limit. The exchange takes no time.
    [[nodiscard]] datadog::UserAnswer user(std::string_view id, base::Timestamp now);

  private:
    std::mutex mutex_;
    // Protected by mutex_:
    SimulatedOrganization organization_;
    RateLimiter rate_limiter_;
};

}  // namespace exporter::demo
