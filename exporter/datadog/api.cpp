#include "datadog/api.h"

#include "base/dates.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace exporter::datadog {

namespace {

using std::chrono::seconds;

/// RFC 3986, 2.3: everything except unreserved characters is percent-encoded.
std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view unreserved_marks = "-._~";
    std::string encoded;
    for (const char c : text) {
        if (base::is_alphanumeric(c) || unreserved_marks.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
    }
    return encoded;
}

/// The exporter never waits for more than a day, and larger numbers overflow durations.
constexpr seconds longest_delay = std::chrono::hours(24);

/// A whole number that isn't negative.
std::optional<std::int64_t> count_in(const AnswerHead& head, std::string_view name) {
    const auto number = base::parse_number<std::int64_t>(head.value(name));
    return number && *number >= 0 ? number : std::nullopt;
}

std::optional<seconds> seconds_in(const AnswerHead& head, std::string_view name) {
    const auto number = count_in(head, name);
    return number ? std::optional(seconds(std::min(*number, longest_delay.count()))) : std::nullopt;
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is compared with the answer's own `Date`. A
/// day at most.
std::optional<seconds> retry_after_of(const AnswerHead& head) {
    if (const auto delay = seconds_in(head, "Retry-After")) {
        return delay;
    }
    const auto until = base::parse_http_date(head.value("Retry-After"));
    const auto now = base::parse_http_date(head.value("Date"));
    if (!until || !now) {
        return std::nullopt;
    }
    return std::clamp(std::chrono::duration_cast<seconds>(*until - *now), seconds(0), longest_delay);
}

/// What a status other than 200, or its class, means. If `advice` is empty, the kind's advice applies.
struct StatusRow {
    int status;  ///< or only its first digit
    ErrorKind kind;
    std::string_view advice = {};
    bool definitive = false;
};

constexpr auto status_rows = std::to_array<StatusRow>({
    {400, ErrorKind::bad_request},
    {401, ErrorKind::unauthorized},
    {402, ErrorKind::bad_request,
     "the organization's plan or account does not allow it: ask an administrator of the Datadog account"},
    {403, ErrorKind::forbidden},
    {404, ErrorKind::not_found},
    // From a proxy. Repeated log-ins with a wrong password can lock an account.
    {407, ErrorKind::connect, {}, true},
    {408, ErrorKind::timeout},
    {414, ErrorKind::bad_request},
    {421, ErrorKind::bad_request,
     "the request reached a server that does not serve this host: check --datadog.base-url and the proxies "
     "in between"},
    {422, ErrorKind::bad_request},
    {429, ErrorKind::rate_limited},
    {431, ErrorKind::bad_request,
     "the request's headers are too long for a server in between: check the credentials and proxies"},
    {451, ErrorKind::bad_request,
     "a network filter or a legal order blocks this host: ask the network's administrators"},
    {3, ErrorKind::redirect},
    {4, ErrorKind::bad_request,
     "the API, or a proxy in its place, refuses the request: its answer may say why"},
    {5, ErrorKind::server_error},
});

StatusRow row_of(int status) {
    for (const int key : {status, status / 100}) {
        const auto* const row = std::ranges::find(status_rows, key, &StatusRow::status);
        if (row != status_rows.end()) {
            return *row;
        }
    }
    return {status, ErrorKind::bad_status};
}

}  // namespace

std::string request_target(const PageRequest& request) {
    std::string target = fmt::format("/api/v2/personal_access_tokens?page%5Bsize%5D={}&page%5Bnumber%5D={}",
                                     request.size, request.number);
    if (!request.sort.empty()) {
        target += "&sort=" + percent_encoded(request.sort);
    }
    if (!request.filter.empty()) {
        target += "&filter=" + percent_encoded(request.filter);
    }
    for (const std::string& owner : request.owned_by) {
        target += "&filter%5Bowned_by%5D=" + percent_encoded(owner);
    }
    return target;
}

std::optional<std::string> user_target(std::string_view id) {
    // Dots can't be encoded: to a server `%2E%2E` is `..` (RFC 3986, 6.2.2.2).
    if (id.empty() || id == "." || id == ".." || id.size() > longest_user_id) {
        return std::nullopt;
    }
    return "/api/v2/users/" + percent_encoded(id);
}

std::string_view user_advice(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::unauthorized:
        case ErrorKind::forbidden:
            return "grant the credentials the permission user_access_read";
        case ErrorKind::not_found:
            return "the user is gone, or the host does not serve users: check --datadog.base-url";
        case ErrorKind::rate_limited:
            return "the organization's API limit is used up: try again later, and find out who else calls "
                   "the API";
        case ErrorKind::bad_request:
            return "the API, or a proxy in its place, refuses the request: its answer may say why";
        case ErrorKind::too_large:
            return "an answer is larger than any should be: check the proxies in between";
        case ErrorKind::timeout:
            return "the API or the network is slow: see status.datadoghq.com";
        default:
            return {};
    }
}

HeaderFields request_fields(const config::Credentials& credentials, const std::string& user_agent) {
    HeaderFields fields = {
        {"Accept", "application/json"}, {"Accept-Encoding", "gzip"}, {"User-Agent", user_agent}};
    const auto add = [&fields](const char* name, const char* scheme,
                               const std::optional<base::Secret>& secret) {
        if (secret) {
            fields.emplace_back(name, std::string(scheme).append(secret->expose()));
        }
    };
    add("Authorization", "Bearer ", credentials.bearer_token);
    add("DD-API-KEY", "", credentials.api_key);
    add("DD-APPLICATION-KEY", "", credentials.app_key);
    return fields;
}

RateLimit rate_limit_of(const AnswerHead& head) {
    RateLimit limit{.limit = count_in(head, "X-RateLimit-Limit"),
                    .remaining = count_in(head, "X-RateLimit-Remaining"),
                    .period = seconds_in(head, "X-RateLimit-Period"),
                    .reset = seconds_in(head, "X-RateLimit-Reset")};
    // A reset is never further away than its period, and Datadog's periods are at most an hour. Other servers
    // send an epoch here; taken literally, it would stop polling for a day.
    constexpr seconds longest_known_period = std::chrono::hours(1);
    if (limit.reset &&
        *limit.reset > std::max(limit.period.value_or(longest_known_period), longest_known_period)) {
        limit.reset.reset();
    }
    return limit;
}

Error status_error(const AnswerHead& head, std::string_view body, std::string_view host) {
    const StatusRow row = row_of(head.status);
    Error error{.kind = row.kind,
                .message = fmt::format("{} from {}", head.status, host),
                .retry_after = retry_after_of(head),
                .definitive = row.definitive,
                .advice = row.advice};
    if (const std::string words = error_text(body); !words.empty()) {
        error.message += ": " + words;
    }
    if (row.kind == ErrorKind::rate_limited && !error.retry_after) {
        error.retry_after = rate_limit_of(head).reset;
    }
    return error;
}

std::optional<std::string> public_portion(const config::Credentials& credentials) {
    const auto& credential = credentials.bearer_token ? credentials.bearer_token : credentials.app_key;
    const std::string_view text = credential ? credential->expose() : std::string_view();
    if (!text.starts_with("ddpat_") && !text.starts_with("ddsat_")) {
        return std::nullopt;
    }
    const auto end_of_alias = text.find('_', text.find('_') + 1);
    if (end_of_alias == std::string_view::npos) {
        return std::nullopt;  // Without a second underscore, the rest may be the secret.
    }
    return std::string(text.substr(0, end_of_alias));
}

bool is_own_token(std::string_view own, std::string_view listed) {
    return !listed.empty() && (own == listed || own.substr(own.find('_') + 1) == listed);
}

}  // namespace exporter::datadog
