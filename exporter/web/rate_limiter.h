// How often each client may do something: exporter-toolkit's `rate_limit`, with a token bucket for each
// client instead of one for all. One for all would let strangers keep a scraper out: at ten requests a second
// without a password, 6 of its 8 scrapes fail.
#pragma once

#include <array>
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
    /// When each bucket is full; one that is not here is.
    using Table = std::map<std::string, TimePoint>;

    static void make_room(Table& table, TimePoint now);

    std::chrono::nanoseconds interval_;
    std::chrono::nanoseconds
        refill_before_last_;       ///< how long the bucket may lack to be full and yet hold one
    std::array<Table, 3> tables_;  ///< by kind
};

}  // namespace exporter::web
