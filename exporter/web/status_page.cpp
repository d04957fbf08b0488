#include "web/status_page.h"

#include "web/html.h"
#include "web/organization_card.h"
#include "web/page_style.h"

#include <algorithm>
#include <array>

namespace exporter::web {

namespace {

/// The page's organizations by condition, each group in the configuration's order.
class Overview {
  public:
    Overview(const std::vector<OrganizationStatus>& organizations, Moment now) {
        std::array<std::vector<const OrganizationStatus*>, 3> groups;
        for (const OrganizationStatus& organization : organizations) {
            groups.at(static_cast<std::size_t>(condition(organization, now))).push_back(&organization);
            if (organization.numbers) {
                add(sum_, *organization.numbers);
                ++counted_;
            }
        }
        for (std::size_t i = 0; i < groups.size(); ++i) {
            counts_.at(i) = groups.at(i).size();
            in_order_.insert(in_order_.end(), groups.at(i).begin(), groups.at(i).end());
        }
    }

    [[nodiscard]] std::size_t count(Condition condition) const {
        return counts_.at(static_cast<std::size_t>(condition));
    }
    [[nodiscard]] const std::vector<const OrganizationStatus*>& in_order() const { return in_order_; }
    /// Of the organizations that have numbers.
    [[nodiscard]] const TokenNumbers& sum() const { return sum_; }
    [[nodiscard]] std::size_t counted() const { return counted_; }

    /// `498 healthy, 2 need attention, 1 waiting for its first poll`.
    [[nodiscard]] std::string in_words() const {
        if (in_order_.empty()) {
            return "No organization is polled here";
        }
        std::string words;
        const auto append = [&words](std::size_t number, std::string_view singular, std::string_view plural) {
            if (number > 0) {
                words += (words.empty() ? "" : ", ") + count_text(number, singular, plural);
            }
        };
        if (in_order_.size() == 1) {
            return capitalized(words_of(condition_of_one()));
        }
        append(count(Condition::healthy), "healthy", "healthy");
        append(count(Condition::needs_attention), "needs attention", "need attention");
        append(count(Condition::waiting), "waiting for its first poll", "waiting for their first poll");
        return words;
    }

  private:
    [[nodiscard]] Condition condition_of_one() const {
        return static_cast<Condition>(std::find(counts_.begin(), counts_.end(), 1U) - counts_.begin());
    }

    std::array<std::size_t, 3> counts_{};
    std::vector<const OrganizationStatus*> in_order_;
    TokenNumbers sum_;
    std::size_t counted_ = 0;
};

/// One organization's card says everything already.
Html summary(const Overview& overview, Moment now) {
    if (overview.in_order().size() == 1) {
        return {};
    }
    const std::string_view tone = overview.count(Condition::needs_attention) > 0 ? "attention"
                                  : overview.count(Condition::healthy) > 0       ? "healthy"
                                                                                 : "waiting";
    Html part =
        html("<section class=\"summary {}\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">{}</h2>\n", tone,
             overview.in_words());
    if (overview.counted() > 1) {
        const TokenNumbers& sum = overview.sum();
        part.add("<p class=\"headline\"><strong>{}</strong> in {}, the oldest numbers from {}</p>\n",
                 count_text(sum.tokens, "token", "tokens"),
                 count_text(overview.counted(), "organization", "organizations"),
                 time_element(sum.as_of, now));
        part.add(
            "<div class=\"columns\">\n<section><h3>By type and time left</h3>\n{}</section>\n"
            "<section><h3>At risk</h3>\n{}</section>\n</div>\n",
            expiry_picture(sum), findings_table(sum));
    }
    return part.add("</section>\n");
}

Html organizations(const Overview& overview, Moment now) {
    const auto& all = overview.in_order();
    Html part;
    if (all.empty()) {
        return part;
    }
    part.add("<section aria-labelledby=\"organizations\">\n<h2 id=\"organizations\">{}</h2>\n",
             all.size() == 1 ? "Organization" : "Organizations");
    const std::size_t cards = std::min(all.size(), cards_at_most);
    for (std::size_t i = 0; i < cards; ++i) {
        part.add("{}", organization_card(*all[i], all.size() == 1 ? Shown::open : Shown::closed, now));
    }
    const std::size_t shown = std::min(all.size(), cards + lines_at_most);
    if (shown > cards) {
        part.add("<h3>{}</h3>\n<ul class=\"lines\">\n",
                 count_text(all.size() - cards, "more organization", "more organizations"));
        for (std::size_t i = cards; i < shown; ++i) {
            part.add("{}", organization_line(*all[i], now));
        }
        part.add("</ul>\n");
    }
    if (all.size() > shown) {
        part.add("<p>{} not listed here. The metrics have all of them.</p>\n",
                 count_text(all.size() - shown, "organization is", "organizations are"));
    }
    return part.add("</section>\n");
}

Html share(const StatusPage& page) {
    return page.share.empty() ? Html() : html("<p class=\"dim\">{}</p>\n", page.share);
}

}  // namespace

std::string render(const StatusPage& page, Moment now) {
    const Overview overview(page.organizations, now);
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
               overview.in_words(), Html::constant(style_sheet()), page.version, datetime_text(now),
               utc_text(now), share(page), page.telemetry_path, summary(overview, now),
               organizations(overview, now))
        .str();
}

}  // namespace exporter::web
