#include "web/status_page.h"

#include <algorithm>
#include <map>
#include <utility>

namespace exporter::web {

namespace {

/// The page's organizations by condition, each group in the configuration's order.
struct Overview {
    std::map<Condition, std::size_t> counts;
    std::vector<std::pair<Condition, const OrganizationStatus*>> in_order;
    TokenSums sums;
    std::size_t counted = 0;  ///< organizations that `sums` is of
};

Overview overview_of(const std::vector<OrganizationStatus>& organizations, const PageSettings& settings,
                     base::Timestamp now) {
    Overview overview;
    for (const OrganizationStatus& organization : organizations) {
        const Condition found = condition(organization, settings, now);
        ++overview.counts[found];
        overview.in_order.emplace_back(found, &organization);
        if (organization.inventory) {
            overview.sums.add(*organization.inventory);
            ++overview.counted;
        }
    }
    std::stable_sort(overview.in_order.begin(), overview.in_order.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    return overview;
}

/// `498 healthy, 2 need attention, 1 waiting for its first poll`; of one organization its condition.
std::string in_words(const Overview& overview) {
    if (overview.in_order.empty()) {
        return "No organization is polled here";
    }
    if (overview.in_order.size() == 1) {
        return capitalized(words_of(overview.in_order.front().first).of_one);
    }
    std::string words;
    for (const Condition condition : {Condition::healthy, Condition::needs_attention, Condition::waiting}) {
        if (const auto found = overview.counts.find(condition); found != overview.counts.end()) {
            words += (words.empty() ? "" : ", ") +
                     count_text(found->second, words_of(condition).of_one, words_of(condition).of_several);
        }
    }
    return words;
}

/// One organization's card says everything already.
Html summary(const Overview& overview, const PageSettings& settings, base::Timestamp now) {
    if (overview.in_order.size() == 1) {
        return {};
    }
    const Condition tone = overview.counts.contains(Condition::needs_attention) ? Condition::needs_attention
                           : overview.counts.contains(Condition::healthy)       ? Condition::healthy
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
    const std::size_t shown = std::min(all.size(), cards_at_most + brief_cards_at_most);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i == cards_at_most) {
            part.add("<h3>{}</h3>\n", count_text(all.size() - i, "more organization", "more organizations"));
        }
        const CardSize size = all.size() == 1     ? CardSize::open
                              : i < cards_at_most ? CardSize::folded
                                                  : CardSize::brief;
        part.add("{}", organization_card(*all[i].second, settings, size, now));
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
