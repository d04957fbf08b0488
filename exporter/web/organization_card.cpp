#include "web/organization_card.h"

namespace exporter::web {

namespace {

std::string_view class_of(Condition condition) {
    switch (condition) {
        case Condition::needs_attention:
            return "attention";
        case Condition::waiting:
            return "waiting";
        case Condition::healthy:
            break;
    }
    return "healthy";
}

std::uint64_t not_negative(std::int64_t number) {
    return number > 0 ? static_cast<std::uint64_t>(number) : 0;
}

Html problem_list(const std::vector<Problem>& problems) {
    Html list;
    if (problems.empty()) {
        return list;
    }
    list.add("<ul class=\"problems\">\n");
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

Html last_poll_fact(const LastPoll& poll, Moment now) {
    return html("{} {}, took {}, {}", poll.failure ? "Failed" : "Succeeded", time_element(poll.began, now),
                length_text(poll.took), count_text(poll.pages, "page", "pages"));
}

/// After a failure the pause is shorter, or longer where the API asked for it: no moment can be told.
Html next_poll_fact(const OrganizationStatus& status, Moment now) {
    Html fact = html("Every {}", length_text(status.interval));
    if (!status.last_poll) {
        return fact;
    }
    if (status.last_poll->failure) {
        return fact.add("; after a failure mostly sooner");
    }
    const Moment next = status.last_poll->began + status.interval;
    return next > now ? fact.add(", next {}", time_element(next, now)) : fact.add(", the next is under way");
}

Html listing_fact(const TokenNumbers& numbers) {
    if (!numbers.complete) {
        return html("Incomplete");
    }
    if (numbers.reported) {
        return html("Complete: as many tokens as Datadog reports ({})", number_text(*numbers.reported));
    }
    return html("Complete: every page was read; Datadog reports no total");
}

Html rate_limit_fact(const RateLimit& limit, Moment now) {
    Html fact = html("{}", number_text(not_negative(*limit.remaining)));
    if (limit.limit) {
        fact.add(" of {}", number_text(not_negative(*limit.limit)));
    }
    fact.add(" requests left at the last answer");
    if (limit.reset) {
        fact.add(", renewed {}", time_element(*limit.reset, now));
    }
    return fact;
}

Html facts_of(const OrganizationStatus& status, Moment now) {
    Html facts = html("<dl class=\"facts\">\n");
    add_fact(facts, "API",
             html("{}{}", status.endpoint,
                  status.filtered ? "; only tokens that match the configured filter" : ""));
    if (status.last_poll) {
        add_fact(facts, "Last poll", last_poll_fact(*status.last_poll, now));
        if (status.last_poll->failure) {
            add_fact(facts, "Failures in a row",
                     html("{}", number_text(status.last_poll->failures_in_a_row)));
            add_fact(facts, "Last success",
                     status.last_success ? time_element(*status.last_success, now) : html("None yet"));
        }
    }
    add_fact(facts, "Polls", next_poll_fact(status, now));
    if (status.numbers) {
        add_fact(facts, "Listing", listing_fact(*status.numbers));
    }
    if (status.rate_limit.remaining) {
        add_fact(facts, "Rate limit", rate_limit_fact(status.rate_limit, now));
    }
    if (status.numbers && status.numbers->credential_expiry) {
        add_fact(facts, "Own token expires", time_element(*status.numbers->credential_expiry, now));
    }
    return facts.add("</dl>\n");
}

Html numbers_of(const TokenNumbers& numbers, Moment now) {
    Html part = html("<p class=\"headline\">As of {}</p>\n", time_element(numbers.as_of, now));
    if (numbers.one_owner) {
        part.add(
            "<p>All tokens have one owner. Credentials with user_app_keys alone list only their own; "
            "org_app_keys_read lists all.</p>\n");
    }
    if (numbers.tokens == 0) {
        return part.add("<p>The organization lists no access tokens.</p>\n");
    }
    return part.add(
        "<div class=\"columns\">\n<section><h4>By type and time left</h4>\n{}</section>\n"
        "<section><h4>At risk</h4>\n{}</section>\n</div>\n",
        expiry_picture(numbers), findings_table(numbers));
}

}  // namespace

Html time_element(Moment moment, Moment now) {
    return html("<time datetime=\"{}\">{} <span class=\"utc\">({})</span></time>", datetime_text(moment),
                distance_text(moment, now), utc_text(moment));
}

Html organization_card(const OrganizationStatus& status, Shown shown, Moment now) {
    const Condition found = condition(status, now);
    const bool open = shown == Shown::open || found != Condition::healthy;
    Html card = html(
        "<details class=\"card {}\"{}>\n"
        "<summary><h3><bdi>{}</bdi></h3> {}<span class=\"state\">{}</span></summary>\n",
        class_of(found), Html::constant(open ? " open" : ""), status.name,
        status.numbers
            ? html("<span class=\"size\">{}</span> ", count_text(status.numbers->tokens, "token", "tokens"))
            : Html(),
        capitalized(words_of(found)));
    card.add("{}", problem_list(problems(status, now)));
    if (status.numbers) {
        card.add("{}", numbers_of(*status.numbers, now));
    }
    return card.add("<h4>Polling</h4>\n{}</details>\n", facts_of(status, now));
}

Html organization_line(const OrganizationStatus& status, Moment now) {
    const Condition found = condition(status, now);
    Html line = html("<li class=\"{}\"><bdi class=\"name\">{}</bdi> <span class=\"state\">{}</span> ",
                     class_of(found), status.name, capitalized(words_of(found)));
    if (found == Condition::needs_attention) {
        const Problem problem = problems(status, now).front();
        line.add("<span class=\"text\"><bdi>{}</bdi></span>", problem.title);
    } else if (status.numbers) {
        line.add("<span class=\"text\">{}, polled {}</span>",
                 count_text(status.numbers->tokens, "token", "tokens"),
                 time_element(status.last_poll->began, now));
    }
    return line.add("</li>\n");
}

}  // namespace exporter::web
