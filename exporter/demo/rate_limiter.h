// The API's rate limit: so many requests in each window, windows aligned to the clock.
#pragma once

#include "demo/server.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace exporter::demo {

/// Not thread-safe.
class RateLimiter {
  public:
    explicit RateLimiter(SimulatedRateLimit rate_limit) : rate_limit_(rate_limit) {}

    struct Verdict {
        bool allowed = false;
        std::vector<std::pair<std::string, std::string>> headers;
    };

    /// Counts a request. Every other answer in a window leaves `X-RateLimit-Name` out, as the API often does.
    [[nodiscard]] Verdict take(base::Timestamp now);

  private:
    SimulatedRateLimit rate_limit_;
    std::int64_t window_ = -1;
    int used_ = 0;
};

}  // namespace exporter::demo
