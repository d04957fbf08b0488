#include "faults/matrix.h"

#include <fmt/format.h>

namespace exporter::faults {

namespace {

using datadog::ErrorKind;

constexpr std::size_t whole_listing = last_page + 1;

std::string too_many(std::string_view headers,
                     std::string_view body = R"({"errors":["Too many requests"]})") {
    return response("429 Too Many Requests", body, headers);
}

/// The healthy first page, with a header that says `remaining` of 100 requests are left.
std::string first_page_with(std::string_view remaining, std::string_view reset) {
    return response(
        "200 OK", healthy_page(0),
        fmt::format("X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: {}\r\nX-RateLimit-Reset: {}\r\n",
                    remaining, reset));
}

/// The exporter must send no request before the reset.
Row until_reset(std::string name, std::string_view remaining, std::chrono::seconds reset) {
    return {.name = std::move(name),
            .fault = at_first(first_page_with(remaining, std::to_string(reset.count()))),
            .reason = ErrorKind::rate_limited,
            .requests = 1,
            .lasts = reset + std::chrono::seconds(1)};
}

}  // namespace

std::vector<Row> rate_limit_rows() {
    return {
        {"NoHeaders", always(too_many("")), ErrorKind::rate_limited, with_retries},
        {"NoReset", always(too_many("X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 0\r\n")),
         ErrorKind::rate_limited, with_retries},
        {"ResetIsNegative", always(too_many("X-RateLimit-Reset: -5\r\n")), ErrorKind::rate_limited,
         with_retries},
        {"ResetIsZero", always(too_many("X-RateLimit-Reset: 0\r\n")), ErrorKind::rate_limited, with_retries},
        {"ResetIsNotANumber", always(too_many("X-RateLimit-Reset: soon\r\n")), ErrorKind::rate_limited,
         with_retries},
        {"ResetIsAFraction", always(too_many("X-RateLimit-Reset: 1.5\r\n")), ErrorKind::rate_limited,
         with_retries},
        {"ResetIsBeyond64Bits", always(too_many("X-RateLimit-Reset: 99999999999999999999999\r\n")),
         ErrorKind::rate_limited, with_retries},
        {"ResetIsHuge", always(too_many("X-RateLimit-Reset: 9223372036854775807\r\n")),
         ErrorKind::rate_limited, with_retries},
        {"ResetIsAnHourAway", always(too_many("X-RateLimit-Reset: 3600\r\n")), ErrorKind::rate_limited, 1},
        {"ResetIsAnEpoch", always(too_many("X-RateLimit-Reset: 1767225600\r\n")), ErrorKind::rate_limited,
         with_retries},
        {"ResetAfterThePoll", always(too_many("X-RateLimit-Reset: 60\r\n")), ErrorKind::rate_limited, 1},
        {"ResetInASecond", at_first(too_many("X-RateLimit-Reset: 1\r\n")), {}, whole_listing + 1},
        {"RetryAfterASecond", at_first(too_many("Retry-After: 1\r\n")), {}, whole_listing + 1},
        {"RetryAfterBeatsReset",
         at_first(too_many("Retry-After: 1\r\nX-RateLimit-Reset: 3600\r\n")),
         {},
         whole_listing + 1},
        {"RetryAfterADate",
         at_first(too_many(
             "Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2026 07:28:01 GMT\r\n")),
         {},
         whole_listing + 1},
        {"RetryAfterADistantDate",
         always(too_many(
             "Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Thu, 22 Oct 2026 07:28:00 GMT\r\n")),
         ErrorKind::rate_limited, 1},
        {"BodyLooksLikeAPage", always(too_many("", R"({"data":[]})")), ErrorKind::rate_limited, with_retries},
        {"BodyIsAPage", always(too_many("", healthy_page(0))), ErrorKind::rate_limited, with_retries},
        {"OthersShareReached", at_first(first_page_with("10", "1")), {}, whole_listing},
        until_reset("OthersShareReachedForLong", "10", std::chrono::seconds(60)),
        until_reset("NothingLeftForLong", "0", std::chrono::hours(1)),
        {"MoreThanOthersShareLeft", at_first(first_page_with("11", "60")), {}, whole_listing},
        {"NothingLeftUntilAnEpoch", at_first(first_page_with("0", "1767225600")), {}, whole_listing},
        {"RemainingIsNegative", at_first(first_page_with("-1", "60")), {}, whole_listing},
        {"RemainingIsNotANumber", at_first(first_page_with("few", "60")), {}, whole_listing},
    };
}

}  // namespace exporter::faults
