#include "web/organization_status.h"

#include <fmt/format.h>

namespace exporter::web {

namespace {

/// From when on the exporter's own token should be replaced.
constexpr std::chrono::hours replace_credential_within(7 * 24);

bool failed(const OrganizationStatus& status) {
    return status.last_poll && status.last_poll->failure;
}

bool incomplete(const OrganizationStatus& status) {
    return status.numbers && !status.numbers->complete;
}

bool loses_access_soon(const OrganizationStatus& status, Moment now) {
    return status.numbers && status.numbers->credential_expiry &&
           *status.numbers->credential_expiry - now < replace_credential_within;
}

std::string relative_and_absolute(Moment moment, Moment now) {
    return fmt::format("{} ({})", distance_text(moment, now), utc_text(moment));
}

std::string last_success_in_words(const OrganizationStatus& status, Moment now) {
    return status.last_success
               ? fmt::format("The last success was {}.", relative_and_absolute(*status.last_success, now))
               : "No poll has succeeded yet.";
}

Problem failure_problem(const OrganizationStatus& status, Moment now) {
    const LastPoll& poll = *status.last_poll;
    std::string text = poll.failure->advice.empty() ? "" : capitalized(poll.failure->advice) + ". ";
    if (poll.failures_in_a_row > 1) {
        text += fmt::format("{} polls in a row have failed. ", number_text(poll.failures_in_a_row));
    }
    return {poll.failure->message, text + last_success_in_words(status, now), poll.failure->reason};
}

/// What a failure means for the numbers that are on show.
Problem numbers_problem(const OrganizationStatus& status, Moment now) {
    if (status.numbers) {
        return {
            "The numbers are old",
            fmt::format("They are those of the last good poll, {}, and are shown until they are {} old.",
                        relative_and_absolute(status.numbers->as_of, now), length_text(status.stale_after)),
            ""};
    }
    if (status.last_success) {
        return {"The numbers are stale and no longer shown",
                fmt::format("No poll has succeeded for more than {}; the metrics leave them out, too.",
                            length_text(status.stale_after)),
                ""};
    }
    return {"There are no numbers to show", "", ""};
}

Problem incomplete_problem(const TokenNumbers& numbers) {
    std::string text = fmt::format("{} read", count_text(numbers.tokens, "token was", "tokens were"));
    if (numbers.reported) {
        text += fmt::format(", Datadog reports {}", number_text(*numbers.reported));
    }
    if (numbers.duplicates > 0) {
        text += fmt::format("; {} listed again", count_text(numbers.duplicates, "token was", "tokens were"));
    }
    return {"The listing is incomplete",
            text + ". It contradicted itself each time it was read: the numbers may be off by a few.", ""};
}

Problem credential_problem(Moment expiry, Moment now) {
    return {fmt::format("The exporter's own access token {} {}", expiry > now ? "expires" : "expired",
                        relative_and_absolute(expiry, now)),
            "Without a new one polls will fail.", ""};
}

}  // namespace

Condition condition(const OrganizationStatus& status, Moment now) {
    if (failed(status) || !status.moving || incomplete(status) || loses_access_soon(status, now)) {
        return Condition::needs_attention;
    }
    if (!status.last_poll) {
        return Condition::waiting;
    }
    return status.numbers ? Condition::healthy : Condition::needs_attention;
}

std::string_view words_of(Condition condition) {
    switch (condition) {
        case Condition::needs_attention:
            return "needs attention";
        case Condition::waiting:
            return "waiting for its first poll";
        case Condition::healthy:
            break;
    }
    return "healthy";
}

std::vector<Problem> problems(const OrganizationStatus& status, Moment now) {
    std::vector<Problem> found;
    if (!status.moving) {
        found.push_back({"The poll loop has stopped moving",
                         "Please report it with the exporter's version and its log; a restart should help.",
                         ""});
    }
    if (failed(status)) {
        found.push_back(failure_problem(status, now));
    }
    if (failed(status) || (status.last_poll && !status.numbers)) {
        found.push_back(numbers_problem(status, now));
    }
    if (incomplete(status)) {
        found.push_back(incomplete_problem(*status.numbers));
    }
    if (loses_access_soon(status, now)) {
        found.push_back(credential_problem(*status.numbers->credential_expiry, now));
    }
    return found;
}

}  // namespace exporter::web
