#include "datadog/answer_headers.h"

#include "base/dates.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace exporter::datadog {

namespace {

/// A wait of more than a day is no wait; and larger numbers overflow durations.
constexpr std::chrono::seconds longest_delay = std::chrono::hours(24);

/// Of Datadog's rate limits.
constexpr std::chrono::seconds longest_known_period = std::chrono::hours(1);

/// A whole number that isn't negative.
std::optional<std::int64_t> count(const AnswerHead& head, std::string_view name) {
    const std::string_view text = head.value(name);
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = !text.empty() && error == std::errc() && stop == text.data() + text.size();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::chrono::seconds> seconds(const AnswerHead& head, std::string_view name) {
    const auto number = count(head, name);
    return number ? std::optional(std::chrono::seconds(std::min(*number, longest_delay.count())))
                  : std::nullopt;
}

}  // namespace

RateLimit rate_limit_of(const AnswerHead& head) {
    RateLimit limit{.limit = count(head, "X-RateLimit-Limit"),
                    .remaining = count(head, "X-RateLimit-Remaining"),
                    .period = seconds(head, "X-RateLimit-Period"),
                    .reset = seconds(head, "X-RateLimit-Reset")};
    // A reset is never further away than its period. Others than Datadog write an epoch there: who believed
    // that would be silent for a day.
    if (limit.reset &&
        *limit.reset > std::max(limit.period.value_or(longest_known_period), longest_known_period)) {
        limit.reset.reset();
    }
    return limit;
}

std::optional<std::chrono::seconds> retry_after_of(const AnswerHead& head) {
    if (const auto delay = seconds(head, "Retry-After")) {
        return delay;
    }
    const auto until = base::parse_http_date(head.value("Retry-After"));
    const auto now = base::parse_http_date(head.value("Date"));
    if (!until || !now) {
        return std::nullopt;
    }
    const auto delay = std::chrono::duration_cast<std::chrono::seconds>(*until - *now);
    return std::clamp(delay, std::chrono::seconds(0), longest_delay);
}

}  // namespace exporter::datadog
