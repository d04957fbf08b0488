#include "scan/rate_budget.h"

#include <algorithm>

namespace exporter::scan {

namespace {

/// The header tells whole seconds: two answers within one period differ by up to one.
constexpr std::chrono::seconds rounding{1};

/// Datadog's longest period is an hour. Who names a later reset must not silence the exporter until then.
constexpr std::chrono::seconds longest_period = std::chrono::hours(1);

}  // namespace

void RateBudget::note(const datadog::RateLimit& limit, SteadyTime now) {
    if (!limit.remaining || !limit.reset) {
        return;
    }
    // Whole percents of the limit, rounded down: of a limit below ten requests a tenth is none.
    const std::int64_t reserve = limit.limit.value_or(0) / 100 * reserve_percent_ +
                                 limit.limit.value_or(0) % 100 * reserve_percent_ / 100;
    const std::int64_t available = std::max<std::int64_t>(*limit.remaining, 0) - reserve;
    const SteadyTime reset = now + std::min(*limit.reset, longest_period);
    const bool same_period = known_ && now < reset_ && reset <= reset_ + rounding;
    // Answers overtake one another: within a period the least that was ever left is what is left.
    available_ = same_period ? std::min(available_, available) : available;
    reset_ = same_period ? std::min(reset_, reset) : reset;
    known_ = true;
}

bool RateBudget::has_room(std::size_t under_way, SteadyTime now) const {
    if (!known_) {
        return true;
    }
    if (now >= reset_) {
        return under_way == 0;
    }
    return available_ > static_cast<std::int64_t>(under_way);
}

}  // namespace exporter::scan
