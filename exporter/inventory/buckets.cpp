#include "inventory/buckets.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

constexpr std::string_view never = "never";
constexpr std::string_view expired_bucket = "expired";
constexpr std::string_view unknown = "unknown";

}  // namespace

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

BucketScheme BucketScheme::expiry(std::vector<base::Duration> bounds) {
    BucketScheme scheme(Direction::ahead, std::move(bounds));
    scheme.names_.insert(scheme.names_.begin(), std::string(expired_bucket));
    scheme.first_interval_ = 1;
    scheme.when_none_ = scheme.append(never);
    scheme.when_unreadable_ = scheme.append(unknown);
    return scheme;
}

BucketScheme BucketScheme::last_used(std::vector<base::Duration> bounds) {
    BucketScheme scheme(Direction::ago, std::move(bounds));
    scheme.names_.insert(scheme.names_.begin(), std::string(never));
    scheme.first_interval_ = 1;
    scheme.when_none_ = 0;
    scheme.when_unreadable_ = scheme.append(unknown);
    return scheme;
}

BucketScheme BucketScheme::age(std::vector<base::Duration> bounds) {
    BucketScheme scheme(Direction::ago, std::move(bounds));
    scheme.when_unreadable_ = scheme.append(unknown);
    scheme.when_none_ = scheme.when_unreadable_;
    return scheme;
}

BucketScheme::BucketScheme(Direction direction, std::vector<base::Duration> bounds)
    : direction_(direction), bounds_(std::move(bounds)), names_(interval_names(bounds_)) {}

std::size_t BucketScheme::append(std::string_view name) {
    names_.emplace_back(name);
    return names_.size() - 1;
}

std::size_t BucketScheme::index(const datadog::Date& date, base::Timestamp now) const {
    if (date.is_unreadable()) {
        return when_unreadable_;
    }
    if (date.is_none()) {
        return when_none_;
    }
    const bool ahead = direction_ == Direction::ahead;
    if (ahead && *date.moment() <= now) {
        return 0;  // `expired`
    }
    const auto distance = ahead ? *date.moment() - now : now - *date.moment();
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), distance);
    return first_interval_ + static_cast<std::size_t>(above - bounds_.begin());
}

}  // namespace exporter::inventory
