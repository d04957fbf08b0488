// How an organization's polls went, what they counted, and the listing that they published. Owned by its
// poller; metrics and the status page get copies.
#pragma once

#include "datadog/error.h"
#include "datadog/page.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace exporter::scan {

/// A listing that was read to its end.
struct Listing {
    /// Every page was read, and nothing says that a token is missing or was seen twice. False: after several
    /// readings the pages still contradicted each other or the reported total; the tokens are those of the
    /// last reading.
    bool complete = false;
    std::uint64_t tokens = 0;                      ///< unique ids
    std::uint64_t duplicates = 0;                  ///< ids that were listed more than once
    std::optional<std::uint64_t> reported_tokens;  ///< the API's own total, as last reported
    base::Timestamp as_of;                         ///< the scan's one `now`
    /// When the listing began by Datadog's clock (the first page's `asked_at`), or by ours without it.
    base::Timestamp began;
};

/// Whether more than a tenth of the total is missing.
[[nodiscard]] constexpr bool lacks_much(std::uint64_t tokens, std::optional<std::uint64_t> reported_tokens) {
    constexpr std::uint64_t part = 10;
    return reported_tokens && tokens < *reported_tokens - *reported_tokens / part;
}

/// Upper bounds of `datadog_access_token_api_request_duration_seconds`, in seconds; +Inf is implied.
inline constexpr std::array<double, 10> request_duration_bounds = {0.025, 0.05, 0.1, 0.25, 0.5,
                                                                   1,     2.5,  5,   10,   30};

/// Why a request was retried. The values are the `reason` label of `…_api_retries_total`.
enum class RetryReason : std::uint8_t { rate_limited, server_error, network };
inline constexpr std::size_t retry_reason_count = 3;
[[nodiscard]] constexpr std::string_view label(RetryReason reason) {
    constexpr std::array<std::string_view, retry_reason_count> labels = {"rate_limited", "server_error",
                                                                         "network"};
    return labels[static_cast<std::size_t>(reason)];
}

struct RequestDurations {
    std::array<std::uint64_t, request_duration_bounds.size() + 1>
        counts{};  ///< not cumulative; the last is +Inf
    double sum_seconds = 0;

    void observe(std::chrono::duration<double> duration) {
        const auto bound = std::lower_bound(request_duration_bounds.begin(), request_duration_bounds.end(),
                                            duration.count());
        ++counts[static_cast<std::size_t>(bound - request_duration_bounds.begin())];
        sum_seconds += duration.count();
    }
};

struct Statistics {
    std::chrono::duration<double> interval{0};  ///< between polls
    std::uint64_t polls = 0;
    std::array<std::uint64_t, datadog::error_kind_count> failures{};  ///< by ErrorKind
    std::uint64_t failures_in_a_row = 0;                              ///< up to the last poll
    bool last_poll_succeeded = false;
    std::optional<datadog::Error> last_error;     ///< why the last poll failed
    std::optional<base::Timestamp> last_attempt;  ///< when the last finished poll began
    std::optional<base::Timestamp> last_success;  ///< when the last successful poll began
    std::chrono::duration<double> last_duration{0};
    std::uint64_t last_pages = 0;    ///< pages read by the last poll, repeated scans included
    std::optional<Listing> listing;  ///< the last one published

    datadog::FieldCounts unparsed{};
    std::map<int, std::uint64_t> requests;  ///< by status; 0: no answer
    RequestDurations request_durations;
    std::array<std::uint64_t, retry_reason_count> retries{};
    std::uint64_t response_bytes = 0;

    std::optional<std::int64_t> rate_limit;
    std::optional<std::int64_t> rate_limit_remaining;
    std::optional<base::Timestamp> rate_limit_reset;
};

}  // namespace exporter::scan
