// Limits how often each client may do something: exporter-toolkit's `rate_limit`, but with a token bucket per
// client instead of a single one. A single bucket would let strangers block a scraper: at ten requests per
// second without a password, 6 of its 8 scrapes fail.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace exporter::http {

/// A bucket of `burst` requests, refilled with one per `interval`.
struct RateLimit {
    std::chrono::nanoseconds interval{1};  ///< more than 0
    unsigned burst = 1;                    ///< at least 1
};

/// Buckets start full. Not thread-safe.
class RateLimiter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit RateLimiter(const RateLimit& limit);

    /// Maximum number of non-full buckets per kind. Beyond it, all clients without one share an extra bucket:
    /// if buckets were evicted instead, two alternating clients would not be limited.
    static constexpr std::size_t most_buckets = 1024;

    /// What a client asks for. Each kind has its own buckets, so that no other client behind the same
    /// address, such as a proxy's, can empty the buckets that a scraper needs.
    enum class Kind {
        anonymous,  ///< no password to check
        check,      ///< with a password to check, including a scraper's first one after a restart
        known       ///< with a login that succeeded before
    };

    /// @param who the bucket's owner
    /// @param now never earlier than in a previous call
    [[nodiscard]] bool allow(Kind kind, const std::string& who, TimePoint now);

  private:
    /// The buckets of one kind.
    struct Table {
        std::map<std::string, TimePoint> full_at;  ///< when each will be full; absent ones are full
        std::set<std::pair<TimePoint, std::string>>
            by_time;                 ///< sorted by time, so that no request has to scan all of them
        TimePoint shared_full_at{};  ///< shared by clients without a bucket of their own

        void forget_full(TimePoint now);
        void set(const std::string& who, TimePoint when);
    };

    std::chrono::nanoseconds interval_;
    std::chrono::nanoseconds refill_before_last_;  ///< time until full at which exactly one request is left
    std::array<Table, 3> tables_;                  ///< by kind
};

}  // namespace exporter::http
