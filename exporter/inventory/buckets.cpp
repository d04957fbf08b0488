#include "inventory/buckets.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

constexpr std::string_view unknown = "unknown";

/// Of the `n + 1` intervals between `n` ascending bounds: `under_1d`, `1d_to_7d`, …, `over_365d`.
std::vector<std::string> interval_names(const std::vector<base::Duration>& bounds) {
    std::vector<std::string> names;
    std::string lower;
    for (const base::Duration bound : bounds) {
        const std::string upper = base::format_duration(bound);
        names.push_back(lower.empty() ? "under_" + upper : lower + "_to_" + upper);
        lower = upper;
    }
    names.push_back("over_" + lower);
    return names;
}

}  // namespace

BucketScheme BucketScheme::expiry(std::vector<base::Duration> bounds) {
    return {true, std::move(bounds), "expired", "never"};
}

BucketScheme BucketScheme::last_used(std::vector<base::Duration> bounds) {
    return {false, std::move(bounds), "never", "never"};
}

BucketScheme BucketScheme::age(std::vector<base::Duration> bounds) {
    return {false, std::move(bounds), "", unknown};
}

BucketScheme::BucketScheme(bool ahead, std::vector<base::Duration> bounds, std::string_view front,
                           std::string_view when_none)
    : ahead_(ahead), bounds_(std::move(bounds)), names_(interval_names(bounds_)) {
    if (!front.empty()) {
        names_.insert(names_.begin(), std::string(front));
        first_interval_ = 1;
    }
    if (when_none != front && when_none != unknown) {
        names_.emplace_back(when_none);
    }
    names_.emplace_back(unknown);
    when_none_ =
        static_cast<std::size_t>(std::find(names_.begin(), names_.end(), when_none) - names_.begin());
}

std::size_t BucketScheme::index(const datadog::Date& date, base::Timestamp now) const {
    if (date.is_unreadable()) {
        return names_.size() - 1;
    }
    if (date.is_none()) {
        return when_none_;
    }
    if (ahead_ && *date.moment() <= now) {
        return 0;  // `expired`
    }
    const auto distance = ahead_ ? *date.moment() - now : now - *date.moment();
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), distance);
    return first_interval_ + static_cast<std::size_t>(above - bounds_.begin());
}

}  // namespace exporter::inventory
