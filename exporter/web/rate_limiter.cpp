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

bool RateLimiter::allow(Kind kind, const std::string& who, TimePoint now) {
    auto& table = tables_.at(static_cast<std::size_t>(kind));
    auto bucket = table.find(who);
    const auto full_at = bucket == table.end() ? now : std::max(bucket->second, now);
    if (full_at - now > refill_before_last_) {
        return false;
    }
    if (bucket == table.end()) {
        make_room(table, now);
        bucket = table.emplace(who, now).first;
    }
    bucket->second = full_at + interval_;
    return true;
}

void RateLimiter::make_room(Table& table, TimePoint now) {
    if (table.size() < most_buckets) {
        return;
    }
    std::erase_if(table, [now](const auto& bucket) { return bucket.second <= now; });
    if (table.size() >= most_buckets) {
        table.erase(std::min_element(table.begin(), table.end(), [](const auto& one, const auto& other) {
            return one.second < other.second;
        }));
    }
}

}  // namespace exporter::web
