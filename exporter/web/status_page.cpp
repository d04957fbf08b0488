#include "web/status_page.h"

#include "web/html.h"
#include "web/organization.h"
#include "web/token_tables.h"

#include <algorithm>
#include <array>

namespace exporter::web {

namespace {

/// The page's organizations by condition, each group in the configuration's order.
struct Overview {
    std::array<std::size_t, condition_words.size()> counts{};  ///< by `Condition`
    std::vector<const OrganizationStatus*> in_order;
    TokenSums sums;
    std::size_t counted = 0;  ///< organizations that `sums` is of

    [[nodiscard]] std::size_t count(Condition condition) const {
        return counts.at(static_cast<std::size_t>(condition));
    }
};

Overview overview_of(const std::vector<OrganizationStatus>& organizations, const PageSettings& settings,
                     base::Timestamp now) {
    Overview overview;
    std::array<std::vector<const OrganizationStatus*>, condition_words.size()> groups;
    for (const OrganizationStatus& organization : organizations) {
        groups.at(static_cast<std::size_t>(condition(organization, settings, now))).push_back(&organization);
        if (organization.inventory) {
            overview.sums.add(*organization.inventory);
            ++overview.counted;
        }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        overview.counts.at(i) = groups.at(i).size();
        overview.in_order.insert(overview.in_order.end(), groups.at(i).begin(), groups.at(i).end());
    }
    return overview;
}

/// `498 healthy, 2 need attention, 1 waiting for its first poll`; of one organization its condition.
std::string in_words(const Overview& overview) {
    if (overview.in_order.empty()) {
        return "No organization is polled here";
    }
    std::string words;
    for (const Condition condition : {Condition::healthy, Condition::needs_attention, Condition::waiting}) {
        const std::size_t count = overview.count(condition);
        if (count > 0 && overview.in_order.size() == 1) {
            return capitalized(words_of(condition).of_one);
        }
        if (count > 0) {
            words += (words.empty() ? "" : ", ") +
                     count_text(count, words_of(condition).of_one, words_of(condition).of_several);
        }
    }
    return words;
}

/// One organization's card says everything already.
Html summary(const Overview& overview, const PageSettings& settings, base::Timestamp now) {
    if (overview.in_order.size() == 1) {
        return {};
    }
    const Condition tone = overview.count(Condition::needs_attention) > 0 ? Condition::needs_attention
                           : overview.count(Condition::healthy) > 0       ? Condition::healthy
                                                                          : Condition::waiting;
    Html part =
        html("<section class=\"summary {}\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">{}</h2>\n",
             words_of(tone).style, in_words(overview));
    if (overview.counted > 1) {
        part.add("<p class=\"headline\"><strong>{}</strong> in {}, the oldest numbers from {}</p>\n",
                 count_text(overview.sums.tokens, "token", "tokens"),
                 count_text(overview.counted, "organization", "organizations"),
                 time_element(overview.sums.as_of, now));
        part.add("{}", token_tables(overview.sums, settings, "h3"));
    }
    return part.add("</section>\n");
}

Html organizations_section(const Overview& overview, const PageSettings& settings, base::Timestamp now) {
    const auto& all = overview.in_order;
    if (all.empty()) {
        return {};
    }
    Html part = html("<section aria-labelledby=\"organizations\">\n<h2 id=\"organizations\">{}</h2>\n",
                     all.size() == 1 ? "Organization" : "Organizations");
    const std::size_t cards = std::min(all.size(), cards_at_most);
    for (std::size_t i = 0; i < cards; ++i) {
        part.add("{}", organization_card(*all[i], settings, all.size() == 1, now));
    }
    const std::size_t shown = std::min(all.size(), cards + lines_at_most);
    if (shown > cards) {
        part.add("<h3>{}</h3>\n<ul class=\"lines\">\n",
                 count_text(all.size() - cards, "more organization", "more organizations"));
        for (std::size_t i = cards; i < shown; ++i) {
            part.add("{}", organization_line(*all[i], settings, now));
        }
        part.add("</ul>\n");
    }
    if (all.size() > shown) {
        part.add("<p>{} not listed here. The metrics have all of them.</p>\n",
                 count_text(all.size() - shown, "organization is", "organizations are"));
    }
    return part.add("</section>\n");
}

}  // namespace

std::string status_page(const PageSettings& settings, const std::vector<OrganizationStatus>& organizations,
                        base::Timestamp now) {
    const Overview overview = overview_of(organizations, settings, now);
    const Html share = settings.share.empty() ? Html() : html("<p class=\"dim\">{}</p>\n", settings.share);
    return html(
               "<!DOCTYPE html>\n"
               "<html lang=\"en\">\n"
               "<head>\n"
               "<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<title>{} · Datadog token exporter</title>\n"
               "<link rel=\"icon\" href=\"data:,\">\n"
               "<style>{}</style>\n"
               "</head>\n"
               "<body>\n"
               "<header>\n"
               "<h1>Datadog token exporter</h1>\n"
               "<p class=\"dim\">Version {}, as of <time datetime=\"{}\">{}</time></p>\n"
               "{}"
               "<nav aria-label=\"What else is served\"><ul>\n"
               "<li><a href=\"{}\">Metrics</a></li>\n"
               "<li><a href=\"/healthz\">Health</a></li>\n"
               "<li><a href=\"/readyz\">Readiness</a></li>\n"
               "<li><a href=\"/config\">Configuration in effect</a></li>\n"
               "</ul></nav>\n"
               "</header>\n"
               "<main>\n"
               "{}{}</main>\n"
               "</body>\n"
               "</html>\n",
               in_words(overview), Html::constant(style_sheet()), settings.version, datetime_text(now),
               utc_text(now), share, settings.telemetry_path, summary(overview, settings, now),
               organizations_section(overview, settings, now))
        .str();
}

}  // namespace exporter::web
