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

bool RateLimiter::allow(const std::string& who, TimePoint now) {
    auto bucket = full_at_.find(who);
    const auto full_at = bucket == full_at_.end() ? now : std::max(bucket->second, now);
    if (full_at - now > refill_before_last_) {
        return false;
    }
    if (bucket == full_at_.end()) {
        make_room(now);
        bucket = full_at_.emplace(who, now).first;
    }
    bucket->second = full_at + interval_;
    return true;
}

void RateLimiter::make_room(TimePoint now) {
    if (full_at_.size() < most_buckets) {
        return;
    }
    std::erase_if(full_at_, [now](const auto& bucket) { return bucket.second <= now; });
    if (full_at_.size() >= most_buckets) {
        full_at_.erase(
            std::min_element(full_at_.begin(), full_at_.end(),
                             [](const auto& one, const auto& other) { return one.second < other.second; }));
    }
}

}  // namespace exporter::web
