// How often something may happen: exporter-toolkit's `rate_limit`, a token bucket.
#pragma once

#include <chrono>

namespace exporter::web {

/// Full at first. Not for several threads at once.
class RateLimiter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// @param interval between what is allowed in the long run; more than 0
    /// @param burst how much is allowed at once, at least 1
    RateLimiter(std::chrono::nanoseconds interval, unsigned burst);

    /// @param now not before that of an earlier call
    [[nodiscard]] bool allow(TimePoint now);

  private:
    std::chrono::nanoseconds interval_;
    std::chrono::nanoseconds
        refill_before_last_;  ///< how long the bucket may lack to be full and yet hold one
    TimePoint full_at_ = TimePoint::min();
};

}  // namespace exporter::web
