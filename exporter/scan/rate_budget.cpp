#include "scan/rate_budget.h"

namespace exporter::scan {

void RateBudget::note(const datadog::RateLimit& limit, SteadyTime now) {
    if (!limit.remaining || !limit.reset) {
        return;
    }
    // Whole percents of the limit, rounded down: of a limit below ten requests a tenth is none.
    const std::int64_t reserve = limit.limit.value_or(0) / 100 * reserve_percent_ +
                                 limit.limit.value_or(0) % 100 * reserve_percent_ / 100;
    const bool used_up = *limit.remaining <= reserve;
    reset_ = used_up ? std::optional(now + *limit.reset) : std::nullopt;
}

std::optional<SteadyTime> RateBudget::closed_until(SteadyTime now) const {
    return reset_ && *reset_ > now ? reset_ : std::nullopt;
}

}  // namespace exporter::scan
