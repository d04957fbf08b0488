// Bucket schemes: from a date and `now` to one of a few named, disjoint, half-open intervals.
#pragma once

#include "base/duration.h"
#include "datadog/token.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::inventory {

/// A scheme maps a token's date to an index into `names()`. Immutable.
class BucketScheme {
  public:
    /// Time left: `expired`, the intervals, `never`, `unknown`. At its expiry a token is `expired`; with
    /// exactly a bound left it is in the interval above it.
    [[nodiscard]] static BucketScheme expiry(std::vector<base::Duration> bounds);
    /// Time since: `never`, the intervals, `unknown`. A date ahead of `now` (clocks differ) is in the first
    /// interval.
    [[nodiscard]] static BucketScheme last_used(std::vector<base::Duration> bounds);
    /// Time since: the intervals, `unknown` (also when there is no date).
    [[nodiscard]] static BucketScheme age(std::vector<base::Duration> bounds);

    [[nodiscard]] std::size_t index(const datadog::Date& date, base::Timestamp now) const;
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] std::size_t size() const { return names_.size(); }

  private:
    /// @param front the bucket before the intervals; empty: there is none
    /// @param when_none where tokens without a date belong: `front`, `unknown`, or a bucket of its own
    BucketScheme(bool ahead, std::vector<base::Duration> bounds, std::string_view front,
                 std::string_view when_none);

    bool ahead_;  ///< time left; false: time since
    std::vector<base::Duration> bounds_;
    std::vector<std::string> names_;  ///< the last is `unknown`
    std::size_t first_interval_ = 0;
    std::size_t when_none_ = 0;
};

}  // namespace exporter::inventory
