#include "web/status_page.h"

#include "base/words.h"

#include <algorithm>
#include <compare>
#include <map>
#include <optional>

namespace exporter::web {

namespace {

/// An organization, in display order. The last member is its place in the configuration.
struct Ordered {
    bool without_critical_finding = true;
    Condition condition{};
    const OrganizationStatus* organization = nullptr;

    auto operator<=>(const Ordered&) const = default;
};

struct Overview {
    std::map<Condition, std::size_t> counts;
    std::vector<Ordered> in_order;
    TokenSums sums;
    std::size_t counted = 0;  ///< number of organizations in `sums`
    std::optional<WorstFinding> worst;
};

Overview overview_of(const std::vector<OrganizationStatus>& organizations, const PageSettings& settings,
                     base::Timestamp now) {
    Overview overview;
    for (const OrganizationStatus& organization : organizations) {
        const Condition found = condition(organization, settings, now);
        ++overview.counts[found];
        bool critical = false;
        if (organization.inventory) {
            overview.sums.add(*organization.inventory);
            ++overview.counted;
            critical = is_critical(worst_finding(finding_counts(*organization.inventory)));
        }
        overview.in_order.push_back({!critical, found, &organization});
    }
    std::sort(overview.in_order.begin(), overview.in_order.end());
    overview.worst = worst_finding(overview.sums.at_risk);
    return overview;
}

/// The condition of polling in words: `Polling: 498 healthy, 2 need attention`; for a single organization
/// `Polling healthy`.
std::string in_words(const Overview& overview) {
    if (overview.in_order.empty()) {
        return "No organization is polled here";
    }
    if (overview.in_order.size() == 1) {
        return std::string(words_of(overview.in_order.front().condition).heading);
    }
    std::string words;
    for (const Condition condition : {Condition::healthy, Condition::needs_attention, Condition::waiting}) {
        if (const auto found = overview.counts.find(condition); found != overview.counts.end()) {
            words +=
                (words.empty() ? "Polling: " : ", ") +
                base::count_text(found->second, words_of(condition).of_one, words_of(condition).of_several);
        }
    }
    return words;
}

/// Worst first, because a narrow tab shows only the beginning: a finding, unless it is only a warning and
/// polling needs attention.
std::string title_of(const Overview& overview) {
    std::string polling = in_words(overview);
    if (!overview.worst) {
        return polling;
    }
    const bool polling_first =
        overview.counts.contains(Condition::needs_attention) && !is_critical(overview.worst);
    return polling_first ? polling + " · " + overview.worst->words : overview.worst->words + " · " + polling;
}

/// Empty for a single organization: its card already says everything.
Html summary(const Overview& overview, const PageSettings& settings, base::Timestamp now) {
    if (overview.in_order.size() == 1) {
        return {};
    }
    const Condition polling = overview.counts.contains(Condition::needs_attention)
                                  ? Condition::needs_attention
                              : overview.counts.contains(Condition::healthy) ? Condition::healthy
                                                                             : Condition::waiting;
    Html part =
        html("<section class=\"summary {}\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">{}{}</h2>\n",
             box_style(polling, overview.worst), in_words(overview), beside_condition(overview.worst));
    if (overview.counted > 1) {
        part.add("<p class=\"headline\"><strong>{}</strong> in {}, the oldest numbers from {}</p>\n",
                 base::count_text(overview.sums.tokens, "token", "tokens"),
                 base::count_text(overview.counted, "organization", "organizations"),
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
            part.add("<h3>{}</h3>\n",
                     base::count_text(all.size() - i, "more organization", "more organizations"));
        }
        const CardSize size = all.size() == 1     ? CardSize::open
                              : i < cards_at_most ? CardSize::folded
                                                  : CardSize::brief;
        part.add("{}", organization_card(*all[i].organization, settings, size, now));
    }
    if (all.size() > shown) {
        part.add("<p>{} not listed here. The metrics include all of them.</p>\n",
                 base::count_text(all.size() - shown, "organization is", "organizations are"));
    }
    return part.add("</section>\n");
}

// Text colours have a contrast of at least 4.5 to 1 with their background, the bars 3 to 1. The scale of time
// left varies in lightness, so its order is visible to everybody; adjacent colours differ for the three
// common kinds of colour blindness, and adjacent bars are separated by a gap.
constexpr std::string_view style = R"(
:root { color-scheme: light dark;
  --text: #1c2128; --dim: #57606a; --line: #d5dbe1; --back: #f5f7f9; --card: #ffffff;
  --good: #1a6e34; --bad: #8f5100; --bad-back: #fdf3ea; --critical: #b8002e; --link: #0a57b7;
  --expired: #7a3b00; --never: #d55e00; --unreadable: #b0609a;
  --c0: #2d0f4f; --c1: #2f3287; --c2: #1a56a5; --c3: #1b76bb; --c4: #2b93c4; --c5: #4a9fb8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --dim: #9aa4af; --line: #30363d; --back: #0d1117; --card: #161b22;
    --good: #4cc46a; --bad: #f0a04b; --bad-back: #2a2016; --critical: #ff7a85; --link: #6cb0ff;
    --expired: #c4a484; --never: #f58a2c; --unreadable: #d68ac0;
    --c0: #e3f4ff; --c1: #b5def5; --c2: #86c3ea; --c3: #5fa5dc; --c4: #4a86c8; --c5: #4468ad; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, main { max-width: 64rem; margin: 0 auto; padding: 0 1rem; overflow-wrap: anywhere; }
header { padding-top: 1.5rem; }
main { padding-bottom: 3rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 2rem 0 .75rem; font-size: 1.2rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1.1rem; }
h4, .columns h3 { margin: 1.25rem 0 .5rem; font-size: .875rem; font-weight: 600; color: var(--dim); }
p { margin: .25rem 0; }
ul, dl, dd { margin: 0; padding: 0; list-style: none; }
a { color: var(--link); }
a:focus-visible { outline: .2rem solid var(--link); outline-offset: .2rem; }
code { font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; color: var(--dim); }
nav li { display: inline-block; margin: .5rem 1.25rem .25rem 0; }
.utc { white-space: nowrap; }
.dim { color: var(--dim); font-size: .9375rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.summary { margin-top: 1.25rem; }
.summary, .card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem 1.25rem; }
.summary h2 { margin: 0; }
.summary, .card { border-left: .3rem solid var(--dim); }
.summary.healthy, .card.healthy { border-left-color: var(--good); }
.summary.attention, .card.attention { border-left-color: var(--bad); }
.summary.alarm, .card.alarm { border-left-color: var(--critical); }
.card { margin: 0 0 .75rem; }
.card + h3 { margin: 1.75rem 0 .75rem; }
summary { display: flex; flex-wrap: wrap; gap: .125rem 1rem; align-items: baseline; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:focus-visible { outline: .2rem solid var(--link); outline-offset: .2rem; border-radius: .25rem; }
summary h3, summary h4 { position: relative; padding-left: 1.125rem; }
summary h3::before, summary h4::before { content: "\25b8"; position: absolute; left: 0; line-height: 2; color: var(--dim); font-size: .875rem; }
[open] > summary h3::before, [open] > summary h4::before { content: "\25be"; }
summary .size { color: var(--dim); }
summary .status { margin-left: auto; }
.status { color: var(--dim); font-weight: 600; font-size: .9375rem; }
.state::before { content: "\2026\00a0"; }
.state.healthy { color: var(--good); }
.state.healthy::before { content: "\2713\00a0"; }
.state.attention { color: var(--bad); }
.state.attention::before { content: "!\00a0"; }
.warning, .warning code { color: var(--bad); }
.critical, .critical code { color: var(--critical); }
.problems { margin: .75rem 0; padding: .75rem 1rem; border-radius: .375rem; background: var(--bad-back); }
.problems li + li { margin-top: .75rem; }
.problems .title { font-weight: 600; margin: 0; }
.headline { margin: .5rem 0 0; color: var(--dim); }
.headline strong { color: var(--text); font-size: 1.25rem; font-weight: 600; margin-right: .25rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2.5rem; }
@media (min-width: 50rem) { .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.bars { margin-bottom: .75rem; }
.bars li { display: flex; flex-wrap: wrap; justify-content: space-between; margin-bottom: .5rem;
  font-size: .9375rem; }
.bars .number { color: var(--dim); font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; height: .875rem; forced-color-adjust: none; }
.bar rect { stroke: var(--card); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.swatch { display: inline-block; width: .75rem; height: .75rem; margin-right: .5rem; border-radius: .125rem;
  forced-color-adjust: none; }
.c0 { fill: var(--c0); background: var(--c0); }
.c1 { fill: var(--c1); background: var(--c1); }
.c2 { fill: var(--c2); background: var(--c2); }
.c3 { fill: var(--c3); background: var(--c3); }
.c4 { fill: var(--c4); background: var(--c4); }
.c5 { fill: var(--c5); background: var(--c5); }
.expired { fill: var(--expired); background: var(--expired); }
.never { fill: var(--never); background: var(--never); }
.unreadable { fill: var(--unreadable); background: var(--unreadable); }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; font-variant-numeric: tabular-nums; }
th { font-weight: 400; text-align: left; }
.counts th, .counts td, .findings th, .findings td { padding: .25rem 0 .25rem .5rem; border-bottom: 1px solid var(--line);
  vertical-align: baseline; }
.counts th, .counts td { overflow-wrap: normal; }
.counts th:first-child { padding-left: 0; }
.counts tbody th:first-child { padding-left: 1.25rem; text-indent: -1.25rem; }
.counts thead th { color: var(--dim); font-size: .875rem; }
.counts td, .counts thead th + th { text-align: right; }
.counts tfoot th, .counts tfoot td { font-weight: 600; border-bottom: 0; }
td.zero, .zero td, .zero th { color: var(--dim); }
.findings td { width: 1%; padding-left: 0; text-align: right; font-weight: 600; font-size: 1.0625rem; white-space: nowrap; }
.findings .zero td { font-weight: 400; }
.findings th { padding-left: .75rem; }
.findings tr:last-child > * { border-bottom: 0; }
.findings code { display: block; }
.worst { margin-top: 1.25rem; }
.worst h4 { margin: 0; }
.worst h4::before { line-height: 1.5; }
.tokens { margin: .5rem 0; table-layout: fixed; }
.tokens th, .tokens td { padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.tokens thead th { color: var(--dim); font-size: .875rem; }
.tokens thead th:nth-child(2) { width: 13rem; }
.tokens thead th:last-child { width: 7.5rem; }
.tokens code { display: block; }
@media (max-width: 50rem) {
  .tokens thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .tokens tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .tokens th, .tokens td { display: block; padding: 0; border-bottom: 0; }
  .tokens .owner code { display: inline; }
  .tokens .owner::before, .tokens .expiry::before { color: var(--dim); }
  .tokens .owner::before { content: "Owner "; }
  .tokens .expiry::before { content: "Expires "; }
}
.facts { font-size: .9375rem; }
.facts div { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 0 1rem; padding: .2rem 0; }
.facts dt { color: var(--dim); }
@media (max-width: 34rem) {
  .summary, .card { padding: .875rem 1rem; }
  .facts div { grid-template-columns: minmax(0, 1fr); padding: .3rem 0; }
}
)";

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
               "<nav aria-label=\"Other pages\"><ul>\n"
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
               title_of(overview), Html::constant(style_sheet()), settings.version, base::datetime_text(now),
               base::utc_text(now), share, settings.telemetry_path, summary(overview, settings, now),
               organizations_section(overview, settings, now))
        .str();
}

std::string_view style_sheet() {
    return style;
}

std::string content_security_policy() {
    return "default-src 'none'; style-src 'sha256-efFMG2nh/itfEzuNnOlZbXC3q87nz13/Zj/62fEQKjo='; "
           "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
}

}  // namespace exporter::web
