#include "base/words.h"
#include "datadog/error.h"
#include "web/status_page.h"

#include <algorithm>
#include <array>
#include <optional>

namespace exporter::web {

namespace {

/// How long before expiry the exporter's own token should be replaced.
constexpr std::chrono::hours replace_credential_within(7 * 24);

Problem failure_problem(const OrganizationStatus& status, base::Timestamp now) {
    const datadog::Error& failure = *status.statistics.last_error;
    const std::string_view advice = datadog::advice(failure);
    std::string text = advice.empty() ? "" : base::capitalized(advice) + ". ";
    if (status.statistics.failures_in_a_row > 1) {
        text += fmt::format("{} polls in a row have failed. ",
                            base::number_text(status.statistics.failures_in_a_row));
    }
    const auto& success = status.statistics.last_success;
    text += success ? fmt::format("The last success was {}.", base::moment_text(*success, now))
                    : "No poll has succeeded yet.";
    return {failure.message, text, std::string(datadog::label(failure.kind))};
}

/// How a failure affects the numbers on the page.
Problem numbers_problem(const OrganizationStatus& status, const PageSettings& settings, base::Timestamp now) {
    if (status.inventory) {
        return {
            "The numbers are old",
            fmt::format("The numbers are from the last good poll, {}, and are shown until they are {} old.",
                        base::moment_text(status.inventory->as_of, now),
                        base::length_text(settings.stale_after))};
    }
    if (status.statistics.last_success) {
        return {"The numbers are stale and no longer shown",
                fmt::format("No poll has succeeded for more than {}; the metrics omit the numbers, too.",
                            base::length_text(settings.stale_after))};
    }
    return {"There are no numbers to show", ""};
}

Problem incomplete_problem(const scan::Listing& listing) {
    std::string text = fmt::format("{} read", base::count_text(listing.tokens, "token was", "tokens were"));
    if (listing.reported_tokens) {
        text += fmt::format(", Datadog reports {}", base::number_text(*listing.reported_tokens));
    }
    if (listing.duplicates > 0) {
        text += fmt::format("; {} listed again",
                            base::count_text(listing.duplicates, "token was", "tokens were"));
    }
    return {"The listing is incomplete",
            text + ". Each scan of the list was inconsistent: the numbers may be off by a few."};
}

Html problem_list(const std::vector<Problem>& problems) {
    if (problems.empty()) {
        return {};
    }
    Html list = html("<ul class=\"problems\">\n");
    for (const Problem& problem : problems) {
        list.add("<li><p class=\"title\"><bdi>{}</bdi>", problem.title);
        if (!problem.reason.empty()) {
            list.add(" <code>{}</code>", problem.reason);
        }
        list.add("</p>");
        if (!problem.text.empty()) {
            list.add("<p>{}</p>", problem.text);
        }
        list.add("</li>\n");
    }
    return list.add("</ul>\n");
}

void add_fact(Html& facts, std::string_view name, const Html& value) {
    facts.add("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

/// After a failure the pause is shorter, or longer if the API asked for that, so the time of the next poll is
/// unknown.
Html next_poll_fact(const OrganizationStatus& status, const PageSettings& settings, base::Timestamp now) {
    Html fact = html("Every {}", base::length_text(settings.interval));
    if (status.statistics.last_error) {
        return fact.add("; usually sooner after a failure");
    }
    const auto& last = status.statistics.last_attempt;
    if (!last) {
        return fact;
    }
    const base::Timestamp next = *last + settings.interval;
    return next > now ? fact.add(", next {}", time_element(next, now))
                      : fact.add(", the next is in progress");
}

/// For complete listings only: `problems` reports the others.
Html listing_fact(const scan::Listing& listing) {
    return listing.reported_tokens ? html("Complete: as many tokens as Datadog reports ({})",
                                          base::number_text(*listing.reported_tokens))
                                   : html("Complete: every page was read; Datadog reports no total");
}

std::string not_negative(std::int64_t number) {
    return base::number_text(static_cast<std::uint64_t>(std::max<std::int64_t>(0, number)));
}

Html rate_limit_fact(const scan::Statistics& statistics, base::Timestamp now) {
    Html fact = html("{}", not_negative(*statistics.rate_limit_remaining));
    if (statistics.rate_limit) {
        fact.add(" of {}", not_negative(*statistics.rate_limit));
    }
    fact.add(" requests left as of the last answer");
    if (statistics.rate_limit_reset) {
        fact.add(", renewed {}", time_element(*statistics.rate_limit_reset, now));
    }
    return fact;
}

Html facts_of(const OrganizationStatus& status, const PageSettings& settings, base::Timestamp now) {
    const scan::Statistics& statistics = status.statistics;
    Html facts = html("<dl class=\"facts\">\n");
    add_fact(facts, "API",
             html("{}{}", status.endpoint,
                  status.filtered ? "; only tokens that match the configured filter" : ""));
    if (statistics.last_attempt) {
        add_fact(
            facts, "Last poll",
            html("{} {}, took {}, {}", statistics.last_error ? "Failed" : "Succeeded",
                 time_element(*statistics.last_attempt, now), base::length_text(statistics.last_duration),
                 base::count_text(statistics.last_pages, "page", "pages")));
    }
    add_fact(facts, "Polls", next_poll_fact(status, settings, now));
    if (status.inventory && statistics.listing && statistics.listing->complete) {
        add_fact(facts, "Listing", listing_fact(*statistics.listing));
    }
    if (statistics.rate_limit_remaining) {
        add_fact(facts, "Rate limit", rate_limit_fact(statistics, now));
    }
    if (status.inventory && status.inventory->credential_expiry) {
        add_fact(facts, "Own token expires", time_element(*status.inventory->credential_expiry, now));
    }
    return facts.add("</dl>\n");
}

Html numbers_of(const OrganizationStatus& status, const PageSettings& settings, base::Timestamp now) {
    if (!status.inventory) {
        return {};
    }
    if (status.inventory->tokens == 0) {
        return html("<p>The list of access tokens is empty.</p>\n");
    }
    // The likely reason is that the credentials can see only their own tokens.
    Html part;
    if (status.inventory->single_owner.value_or(false)) {
        part.add(
            "<p>All tokens have one owner. Credentials with user_app_keys alone list only their own; "
            "org_app_keys_read lists all.</p>\n");
    }
    TokenSums sums;
    sums.add(*status.inventory);
    return part.add("{}{}", token_tables(sums, settings, "h4"), worst_tokens(*status.inventory, "h4", now));
}

}  // namespace

std::vector<Problem> problems(const OrganizationStatus& status, const PageSettings& settings,
                              base::Timestamp now) {
    std::vector<Problem> found;
    if (!status.moving) {
        found.push_back({"The poll loop is stuck",
                         "Please report it with the exporter's version and its log; a restart should help."});
    }
    if (status.statistics.last_error) {
        found.push_back(failure_problem(status, now));
    }
    if (status.statistics.last_error || (status.statistics.polls > 0 && !status.inventory)) {
        found.push_back(numbers_problem(status, settings, now));
    }
    if (const auto& listing = status.statistics.listing; status.inventory && listing && !listing->complete) {
        found.push_back(incomplete_problem(*listing));
    }
    const auto expiry = status.inventory ? status.inventory->credential_expiry : std::nullopt;
    if (expiry && *expiry - now < replace_credential_within) {
        found.push_back({fmt::format("The exporter's own access token {} {}",
                                     *expiry > now ? "expires" : "expired", base::moment_text(*expiry, now)),
                         "Polls will fail without a new one."});
    }
    return found;
}

Condition condition(const OrganizationStatus& status, const PageSettings& settings, base::Timestamp now) {
    if (!problems(status, settings, now).empty()) {
        return Condition::needs_attention;
    }
    return status.statistics.polls == 0 ? Condition::waiting : Condition::healthy;
}

std::string_view style_of(inventory::Severity severity) {
    constexpr std::array<std::string_view, 3> styles = {"info", "warning", "critical"};
    return styles.at(static_cast<std::size_t>(severity));
}

std::string_view box_style(Condition condition, const std::optional<WorstFinding>& worst) {
    if (is_critical(worst)) {
        return "alarm";
    }
    return words_of(worst ? Condition::needs_attention : condition).style;
}

Html beside_condition(const std::optional<WorstFinding>& worst) {
    return worst ? html(" · <span class=\"{}\">{}</span>", style_of(worst->severity), worst->words) : Html();
}

Html organization_card(const OrganizationStatus& status, const PageSettings& settings, CardSize size,
                       base::Timestamp now) {
    const Condition polling = condition(status, settings, now);
    const ConditionWords& words = words_of(polling);
    const auto worst = status.inventory ? worst_finding(finding_counts(*status.inventory)) : std::nullopt;
    std::vector<Problem> shown = problems(status, settings, now);
    const bool is_open = size == CardSize::open || polling != Condition::healthy || is_critical(worst);
    if (size == CardSize::brief && !shown.empty()) {
        shown = {{shown.front().title, ""}};
    }
    Html card = html(
        "<details class=\"card {}\"{}>\n"
        "<summary><h3><bdi>{}</bdi></h3> <span class=\"size\">{}</span> "
        "<span class=\"status\"><span class=\"state {}\">{}</span>{}</span></summary>\n{}",
        box_style(polling, worst), Html::constant(is_open ? " open" : ""), status.name,
        status.inventory ? base::count_text(status.inventory->tokens, "token", "tokens") : "", words.style,
        words.heading, beside_condition(worst), problem_list(shown));
    if (status.inventory) {
        card.add("<p class=\"headline\">As of {}</p>\n", time_element(status.inventory->as_of, now));
    }
    if (size != CardSize::brief) {
        card.add("{}<h4>Polling</h4>\n{}", numbers_of(status, settings, now),
                 facts_of(status, settings, now));
    }
    return card.add("</details>\n");
}

}  // namespace exporter::web
