// How often each client may do something: exporter-toolkit's `rate_limit`, with a token bucket for each
// client instead of one for all. One for all would let strangers keep a scraper out: at ten requests a second
// without a password, 6 of its 8 scrapes fail.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace exporter::http {

/// A bucket of `burst` requests that gains one each `interval`.
struct RateLimit {
    std::chrono::nanoseconds interval{1};  ///< more than 0
    unsigned burst = 1;                    ///< at least 1
};

/// Buckets are full at first. Not for several threads at once.
class RateLimiter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit RateLimiter(const RateLimit& limit);

    /// Of a kind that are not full. When there are so many, all clients that have none share one more: if one
    /// of theirs made room for the next, two clients in turn could do as they like.
    static constexpr std::size_t most_buckets = 1024;

    /// What a client asks for. Each has buckets of its own, so that no client behind the same address, such
    /// as a proxy's, can empty those that a scraper needs.
    enum class Kind {
        anonymous,  ///< no password to check
        check,      ///< of a password: also a scraper's first one after a restart
        known       ///< a login that was right before
    };

    /// @param who whose bucket it is
    /// @param now not before that of an earlier call
    [[nodiscard]] bool allow(Kind kind, const std::string& who, TimePoint now);

  private:
    /// The buckets of a kind.
    struct Table {
        std::map<std::string, TimePoint> full_at;             ///< when each is full; one that is not here is
        std::set<std::pair<TimePoint, std::string>> by_time;  ///< the same; no request looks at them all
        TimePoint shared_full_at{};                           ///< of those that found no room

        void forget_full(TimePoint now);
        void set(const std::string& who, TimePoint when);
    };

    std::chrono::nanoseconds interval_;
    std::chrono::nanoseconds
        refill_before_last_;       ///< how long the bucket may lack to be full and yet hold one
    std::array<Table, 3> tables_;  ///< by kind
};

}  // namespace exporter::http
