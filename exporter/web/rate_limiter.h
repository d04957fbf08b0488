// How often each client may do something: exporter-toolkit's `rate_limit`, with a token bucket for each
// client instead of one for all. One for all would let strangers keep a scraper out: at ten requests a second
// without a password, 6 of its 8 scrapes fail.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace exporter::web {

/// Buckets are full at first. Not for several threads at once.
class RateLimiter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// @param interval between what is allowed in the long run; more than 0
    /// @param burst how much is allowed at once, at least 1
    RateLimiter(std::chrono::nanoseconds interval, unsigned burst);

    /// At so many buckets, the one that is full soonest makes room, and counts as full again.
    static constexpr std::size_t most_buckets = 1024;

    /// @param who whose bucket it is
    /// @param now not before that of an earlier call
    [[nodiscard]] bool allow(const std::string& who, TimePoint now);

  private:
    void make_room(TimePoint now);

    std::chrono::nanoseconds interval_;
    std::chrono::nanoseconds
        refill_before_last_;                    ///< how long the bucket may lack to be full and yet hold one
    std::map<std::string, TimePoint> full_at_;  ///< when each bucket is full; one that is not here is
};

}  // namespace exporter::web
