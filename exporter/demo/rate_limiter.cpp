#include "demo/rate_limiter.h"

#include <algorithm>
#include <chrono>

namespace exporter::demo {

RateLimiter::Verdict RateLimiter::take(base::Timestamp now) {
    const auto period = std::max<std::int64_t>(rate_limit_.period.count(), 1);
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (second / period != window_) {
        window_ = second / period;
        used_ = 0;
    }
    Verdict verdict;
    verdict.allowed = used_ < rate_limit_.limit;
    used_ += verdict.allowed ? 1 : 0;
    verdict.headers = {
        {"X-RateLimit-Limit", std::to_string(rate_limit_.limit)},
        {"X-RateLimit-Period", std::to_string(period)},
        {"X-RateLimit-Remaining", std::to_string(rate_limit_.limit - used_)},
        {"X-RateLimit-Reset", std::to_string(period - second % period)},
    };
    if (used_ % 2 == 1) {
        verdict.headers.emplace_back("X-RateLimit-Name", "list_access_tokens");
    }
    return verdict;
}

}  // namespace exporter::demo
