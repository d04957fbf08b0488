// How one organization fares, as plain values, and what that means in words. Pure: `now` is an argument.
#pragma once

#include "web/token_numbers.h"
#include "web/words.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

struct Failure {
    std::string reason;   ///< the label's value, such as `forbidden`
    std::string message;  ///< what happened and where: "403 from api.datadoghq.eu: Forbidden"
    std::string advice;   ///< what a person can do about it, without a full stop
};

struct LastPoll {
    Moment began;
    std::chrono::duration<double> took{0};
    std::uint64_t pages = 0;
    std::uint64_t failures_in_a_row = 0;  ///< this one included; 0: it succeeded
    std::optional<Failure> failure;       ///< nullopt: it succeeded
};

/// As last reported by the API.
struct RateLimit {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<Moment> reset;
};

struct OrganizationStatus {
    std::string name;
    std::string endpoint;   ///< the API's URL
    bool filtered = false;  ///< only tokens that match the configured filter are listed
    bool moving = true;     ///< whether its poll loop does what it should when it should
    std::chrono::milliseconds interval{};
    std::chrono::milliseconds stale_after{};
    std::optional<LastPoll> last_poll;  ///< nullopt: none has finished
    std::optional<Moment> last_success;
    std::shared_ptr<const TokenNumbers> numbers;  ///< null: there are none yet, or they went stale
    RateLimit rate_limit;
};

/// In the order in which people should see them.
enum class Condition : std::uint8_t { needs_attention, waiting, healthy };
[[nodiscard]] Condition condition(const OrganizationStatus& status, Moment now);
/// `needs attention`, `waiting for its first poll`, `healthy`.
[[nodiscard]] std::string_view words_of(Condition condition);

/// Something a person should know, and do.
struct Problem {
    std::string title;   ///< a sentence without its full stop
    std::string text;    ///< one sentence or more; may be empty
    std::string reason;  ///< the `reason` of the metrics and of the troubleshooting table; may be empty
};

/// Why an organization needs attention, the worst first; empty unless it does.
[[nodiscard]] std::vector<Problem> problems(const OrganizationStatus& status, Moment now);

}  // namespace exporter::web
