#include "scan/statistics.h"

#include <algorithm>

namespace exporter::scan {

std::string_view label(RetryReason reason) {
    switch (reason) {
        case RetryReason::rate_limited:
            return "rate_limited";
        case RetryReason::server_error:
            return "server_error";
        case RetryReason::network:
            break;
    }
    return "network";
}

void RequestDurations::observe(std::chrono::duration<double> duration) {
    const auto bound =
        std::lower_bound(request_duration_bounds.begin(), request_duration_bounds.end(), duration.count());
    ++counts[static_cast<std::size_t>(bound - request_duration_bounds.begin())];
    sum_seconds += duration.count();
}

}  // namespace exporter::scan
