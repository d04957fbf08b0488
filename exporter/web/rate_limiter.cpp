#include "web/rate_limiter.h"

#include <algorithm>

namespace exporter::web {

namespace {

/// Whatever the options, sums with today's clock stay within range.
constexpr std::chrono::nanoseconds longest_refill = std::chrono::hours(24 * 365);

std::chrono::nanoseconds refill_of(unsigned tokens, std::chrono::nanoseconds interval) {
    return tokens > longest_refill / interval ? longest_refill : tokens * interval;
}

}  // namespace

RateLimiter::RateLimiter(std::chrono::nanoseconds interval, unsigned burst)
    : interval_(std::clamp(interval, std::chrono::nanoseconds(1), longest_refill)),
      refill_before_last_(refill_of(std::max(burst, 1U) - 1, interval_)) {}

bool RateLimiter::allow(TimePoint now) {
    const auto full_at = std::max(full_at_, now);
    if (full_at - now > refill_before_last_) {
        return false;
    }
    full_at_ = full_at + interval_;
    return true;
}

}  // namespace exporter::web
