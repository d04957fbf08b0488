// Durations: a valid one is between zero and a hundred years and survives formatting and parsing. The bounds
// that `--buckets.*` accepts are positive and ascending. The schemes built from them put every date in
// exactly the bucket whose interval contains its distance.
#include "base/dates.h"
#include "config/options.h"
#include "inventory/builder.h"
#include "require.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using exporter::base::Duration;
using exporter::base::Timestamp;
using exporter::datadog::Date;
using exporter::inventory::BucketScheme;
using Distance = std::chrono::microseconds;

constexpr Duration longest = std::chrono::hours(24 * 365 * 100);

void check_text(std::string_view text) {
    using namespace exporter::base;
    using namespace exporter::config;
    const auto duration = parse_duration(text);
    if (!duration) {
        require(!duration.error().empty());
        return;
    }
    require(*duration >= Duration::zero() && *duration <= longest);
    const std::string written = format_duration(*duration);
    require(parse_duration(written) == *duration);
    // Weeks and years are never written, so that each length has one form in bucket names.
    require(written.find_first_of("wy") == std::string::npos);
}

void check_value(Duration duration) {
    using namespace exporter::base;
    using namespace exporter::config;
    const std::string written = format_duration(duration);
    if (duration < Duration::zero()) {
        require(written.starts_with('-') && !parse_duration(written));
    } else if (duration > longest) {
        require(!parse_duration(written));
    } else {
        require(parse_duration(written) == duration);
    }
}

/// The bounds as the configuration accepts them; nullopt: rejected.
std::optional<std::vector<Duration>> accepted_bounds(const std::string& flag, const std::string& text) {
    using namespace exporter::base;
    using namespace exporter::config;
    Draft draft;
    if (!read_member(*find_option(flag), {text}, draft).empty()) {
        return std::nullopt;
    }
    return flag == "buckets.expiry" ? draft.buckets.expiry
           : flag == "buckets.age"  ? draft.buckets.age
                                    : draft.buckets.last_used;
}

void check_bounds(const std::vector<Duration>& bounds) {
    require(!bounds.empty() && bounds.size() <= 20);
    Duration lower = Duration::zero();
    for (const Duration bound : bounds) {
        require(bound > lower && bound <= longest && bound % std::chrono::seconds(1) == Duration::zero());
        lower = bound;
    }
}

/// The name of the only interval [lower, upper) that contains `distance`, by linear search.
std::string interval_of(Distance distance, const std::vector<Duration>& bounds) {
    using exporter::base::format_duration;
    std::vector<std::string> found;
    if (distance < bounds.front()) {
        found.push_back("under_" + format_duration(bounds.front()));
    }
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        if (distance >= bounds[i - 1] && distance < bounds[i]) {
            found.push_back(format_duration(bounds[i - 1]) + "_to_" + format_duration(bounds[i]));
        }
    }
    if (distance >= bounds.back()) {
        found.push_back("over_" + format_duration(bounds.back()));
    }
    require(found.size() == 1);
    return found.front();
}

/// Two bounds with the same text would share a name, and duplicate series break the exposition.
void check_names(const BucketScheme& scheme, std::size_t size) {
    const std::set<std::string> distinct(scheme.names().begin(), scheme.names().end());
    require(scheme.size() == size && scheme.names().size() == size && distinct.size() == size);
}

const std::string& bucket(const BucketScheme& scheme, const Date& date, Timestamp now) {
    const std::size_t index = scheme.index(date, now);
    require(index < scheme.size());
    return scheme.names()[index];
}

/// @param distances in ascending order
void check_schemes(const std::vector<Duration>& bounds, const std::vector<Distance>& distances,
                   Timestamp now) {
    const auto expiry = BucketScheme::expiry(bounds);
    const auto last_used = BucketScheme::last_used(bounds);
    const auto age = BucketScheme::age(bounds);
    const std::size_t intervals = bounds.size() + 1;
    check_names(expiry, intervals + 3);
    check_names(last_used, intervals + 2);
    check_names(age, intervals + 1);

    require(bucket(expiry, Date::none(), now) == "never");
    require(bucket(expiry, Date::unreadable(), now) == "unknown");
    require(bucket(last_used, Date::none(), now) == "never");
    require(bucket(last_used, Date::unreadable(), now) == "unknown");
    require(bucket(age, Date::none(), now) == "unknown");
    require(bucket(age, Date::unreadable(), now) == "unknown");

    std::size_t last_ahead = 0;
    std::size_t last_ago = 0;
    for (const Distance distance : distances) {
        const Date ahead = Date::at(now + distance);
        const Date ago = Date::at(now - distance);
        const std::string interval = interval_of(distance, bounds);
        require(bucket(expiry, ahead, now) == (distance <= Distance::zero() ? "expired" : interval));
        require(bucket(last_used, ago, now) == interval);
        require(bucket(age, ago, now) == interval);
        require(expiry.index(ahead, now) >= last_ahead && age.index(ago, now) >= last_ago);
        last_ahead = expiry.index(ahead, now);
        last_ago = age.index(ago, now);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Numbers are taken from the end, so that the input starts with the text.
    FuzzedDataProvider values(data, size);
    const Duration any_duration(values.ConsumeIntegral<std::int64_t>());
    // The years of RFC 3339: the range that the page parser can return.
    constexpr std::int64_t first_moment = -62'167'219'200'000'000;
    constexpr std::int64_t last_moment = 253'402'300'799'999'999;
    const Timestamp now(Distance(values.ConsumeIntegralInRange(first_moment, last_moment)));
    const Timestamp date(Distance(values.ConsumeIntegralInRange(first_moment, last_moment)));
    const std::string text = values.ConsumeRemainingBytesAsString();

    check_text(text);
    check_value(any_duration);

    for (const char* const flag : {"buckets.expiry", "buckets.last-used", "buckets.age"}) {
        const auto bounds = accepted_bounds(flag, text);
        if (!bounds) {
            continue;
        }
        check_bounds(*bounds);
        std::vector<Distance> distances = {date - now, now - date, Distance(-1), Distance(0), Distance(1)};
        for (const Duration bound : *bounds) {
            for (const int nudge : {-1, 0, 1}) {
                distances.push_back(bound + Distance(nudge));
            }
        }
        std::sort(distances.begin(), distances.end());
        check_schemes(*bounds, distances, now);
    }
    return 0;
}
