#include "http/rate_limiter.h"

#include <algorithm>
#include <cstdint>

namespace exporter::http {

namespace {

/// Keeps sums with the current time in range, whatever the options.
constexpr std::chrono::nanoseconds longest_refill = std::chrono::hours(24 * 365);

}  // namespace

RateLimiter::RateLimiter(const RateLimit& limit)
    : interval_(std::clamp(limit.interval, std::chrono::nanoseconds(1), longest_refill)),
      refill_before_last_(std::min<std::int64_t>(std::max(limit.burst, 1U) - 1, longest_refill / interval_) *
                          interval_) {}

bool RateLimiter::allow(Kind kind, const std::string& who, TimePoint now) {
    auto& table = tables_.at(static_cast<std::size_t>(kind));
    table.forget_full(now);
    const auto own = table.full_at.find(who);
    const bool shares = own == table.full_at.end() && table.full_at.size() >= most_buckets;
    const auto full_at = shares                       ? std::max(table.shared_full_at, now)
                         : own == table.full_at.end() ? now
                                                      : own->second;
    if (full_at - now > refill_before_last_) {
        return false;
    }
    if (shares) {
        table.shared_full_at = full_at + interval_;
    } else {
        table.set(who, full_at + interval_);
    }
    return true;
}

void RateLimiter::Table::forget_full(TimePoint now) {
    while (!by_time.empty() && by_time.begin()->first <= now) {
        full_at.erase(by_time.begin()->second);
        by_time.erase(by_time.begin());
    }
}

void RateLimiter::Table::set(const std::string& who, TimePoint when) {
    // Must come first: if memory runs out here, an entry that is only in `by_time` is removed like all
    // others.
    by_time.emplace(when, who);
    const auto [bucket, is_new] = full_at.emplace(who, when);
    if (!is_new) {
        by_time.erase({bucket->second, who});
        bucket->second = when;
    }
}

}  // namespace exporter::http
