#include "scan/rate_limit.h"

#include <algorithm>

namespace exporter::scan {

namespace {

/// The header has whole seconds, so two answers within one period differ by up to one.
constexpr std::chrono::seconds rounding_of_reset{1};

/// Datadog's longest period is an hour. A later reset must not silence the exporter until then.
constexpr std::chrono::seconds longest_period = std::chrono::hours(1);

/// Weight of a new answer in the moving average.
constexpr double weight = 1.0 / 8;

/// Answers count as much slower if they take more than twice as long plus this; anything less is noise.
constexpr double noise_seconds = 0.05;

}  // namespace

void RateBudget::note(const datadog::RateLimit& limit, SteadyTime now) {
    if (!limit.remaining || !limit.reset) {
        return;
    }
    // Rounded down: a tenth of a limit below ten requests is zero.
    const std::int64_t reserve = limit.limit.value_or(0) / 100 * reserve_percent_ +
                                 limit.limit.value_or(0) % 100 * reserve_percent_ / 100;
    const std::int64_t available = std::max<std::int64_t>(*limit.remaining, 0) - reserve;
    const SteadyTime reset = now + std::min(*limit.reset, longest_period);
    const bool same_period = now < reset_ && reset - rounding_of_reset <= reset_;
    // Answers can overtake one another, so within a period the lowest remainder counts.
    available_ = same_period ? std::min(available_, available) : available;
    reset_ = same_period ? std::min(reset_, reset) : reset;
}

bool RateBudget::has_room(std::size_t under_way, SteadyTime now) const {
    return now < reset_ ? available_ > static_cast<std::int64_t>(under_way) : under_way == 0;
}

void Pace::answered(std::chrono::duration<double> took, SteadyTime now) {
    usual_ = usual_ == 0 ? took.count() : usual_ + weight * (took.count() - usual_);
    shortest_ = shortest_ == 0 ? usual_ : std::min(shortest_, usual_);
    if (is_from_before_cut(took, now)) {
        return;
    }
    ++good_;
    if (usual_ > 2 * shortest_ + noise_seconds) {
        if (good_ >= limit_ && limit_ > std::max<std::size_t>(1, most_ / 2)) {
            restart(limit_ - 1, now);
        }
    } else if (good_ >= limit_ && limit_ < most_) {
        ++limit_;
        good_ = 0;
    }
}

void Pace::pushed_back(std::chrono::duration<double> took, SteadyTime now) {
    if (!is_from_before_cut(took, now)) {
        restart(std::max<std::size_t>(1, limit_ / 2), now);
    }
}

void Pace::restart(std::size_t limit, SteadyTime now) {
    limit_ = limit;
    good_ = 0;
    last_cut_ = now;
}

}  // namespace exporter::scan
