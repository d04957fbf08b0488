#include "base/words.h"
#include "datadog/token.h"
#include "web/status_page.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

namespace exporter::web {

namespace {

using datadog::TokenType;
using inventory::Count;
using inventory::Finding;

/// Number of colours for the time left; `c0` is the soonest.
constexpr std::size_t colours_ahead = 6;
/// Width of the longest bar, and of the smallest part that is still visible.
constexpr double bar_units = 1000;
constexpr double least_units = 8;

/// An expiry bucket as the page shows it.
struct Bucket {
    std::string words;
    std::string colour;  ///< the style sheet's class
};

/// The colour of the bucket at `place` among the `all` buckets with two bounds. The first and the last get
/// the ends of the scale, however many there are.
std::string colour_of(std::size_t place, std::size_t all) {
    return fmt::format("c{}", all > 1 ? place * (colours_ahead - 1) / (all - 1) : 0);
}

/// The first bucket is for expired tokens; the last two, `never` and `unknown`, are not intervals either.
std::vector<Bucket> buckets_of(const TokenSums& sums) {
    std::vector<Bucket> buckets;
    const std::size_t all = sums.buckets.size();
    for (std::size_t i = 0; i < all; ++i) {
        if (i == 0) {
            buckets.push_back({"Expired", "expired"});
        } else if (i + 1 == all) {
            buckets.push_back({"Unreadable date", "unreadable"});
        } else if (i + 2 == all) {
            buckets.push_back({"Never expires", "never"});
        } else {
            std::string words = base::capitalized(sums.buckets[i]);
            std::replace(words.begin(), words.end(), '_', ' ');
            buckets.push_back({std::move(words), colour_of(i - 1, all - 3)});
        }
    }
    return buckets;
}

/// A bar of the chart and a column of the table.
struct Column {
    std::string type;
    const std::vector<Count>& counts;  ///< by bucket
    Count tokens;
};

/// The types to show: `other` only if there are such tokens.
std::vector<Column> columns_of(const TokenSums& sums) {
    std::vector<Column> columns;
    for (const TokenType type : datadog::token_types) {
        const auto& counts = sums.by_expiry.at(static_cast<std::size_t>(type));
        const Count tokens = std::accumulate(counts.begin(), counts.end(), Count{0});
        if (type != TokenType::other || tokens > 0) {
            columns.push_back({base::capitalized(datadog::label(type)), counts, tokens});
        }
    }
    return columns;
}

/// One type's bar. Its length is relative to the largest type, and no part with tokens is too small to see.
Html bar(const Column& type, Count largest, const std::vector<Bucket>& buckets) {
    const auto parts = static_cast<double>(
        std::count_if(type.counts.begin(), type.counts.end(), [](Count count) { return count > 0; }));
    const auto tokens = static_cast<double>(type.tokens);
    const double length = std::max(bar_units * tokens / static_cast<double>(largest), parts * least_units) -
                          parts * least_units;
    Html svg =
        html("<svg class=\"bar\" viewBox=\"0 0 {} 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
             static_cast<int>(bar_units));
    double left = 0;
    for (std::size_t i = 0; i < type.counts.size(); ++i) {
        if (type.counts[i] == 0) {
            continue;
        }
        const double width = least_units + length * static_cast<double>(type.counts[i]) / tokens;
        svg.add("<rect class=\"{}\" x=\"{:.1f}\" width=\"{:.1f}\" height=\"10\"/>", buckets[i].colour, left,
                width);
        left += width;
    }
    return svg.add("</svg>");
}

Html bars(const std::vector<Column>& types, const std::vector<Bucket>& buckets) {
    Count largest = 1;
    for (const Column& type : types) {
        largest = std::max(largest, type.tokens);
    }
    Html list = html("<ul class=\"bars\">\n");
    for (const Column& type : types) {
        list.add("<li><span class=\"type\">{}</span> <span class=\"number\">{}</span>{}</li>\n", type.type,
                 base::count_text(type.tokens, "token", "tokens"), bar(type, largest, buckets));
    }
    return list.add("</ul>\n");
}

Html number_cell(Count number) {
    return number == 0 ? html("<td class=\"zero\">0</td>") : html("<td>{}</td>", base::number_text(number));
}

Html counts_table(Count tokens, const std::vector<Column>& types, const std::vector<Bucket>& buckets) {
    Html head;
    Html foot;
    for (const Column& type : types) {
        head.add("<th scope=\"col\">{}</th>", type.type);
        foot.add("{}", number_cell(type.tokens));
    }
    Html rows;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        rows.add("<tr><th scope=\"row\"><span class=\"swatch {}\"></span>{}</th>", buckets[i].colour,
                 buckets[i].words);
        Count all = 0;
        for (const Column& type : types) {
            rows.add("{}", number_cell(type.counts[i]));
            all += type.counts[i];
        }
        rows.add("{}</tr>\n", number_cell(all));
    }
    return html(
        "<table class=\"counts\">\n"
        "<caption class=\"unseen\">Tokens by type and time left until expiry</caption>\n"
        "<thead><tr><th scope=\"col\">Time left</th>{}<th scope=\"col\">All</th></tr></thead>\n"
        "<tbody>\n{}</tbody>\n"
        "<tfoot><tr><th scope=\"row\">All</th>{}{}</tr></tfoot>\n</table>\n",
        head, rows, foot, number_cell(tokens));
}

Html findings_table(const TokenSums& sums, const PageSettings& settings) {
    Html rows;
    for (const inventory::FindingRow& row : inventory::findings()) {
        const bool known = row.finding != Finding::leaked || sums.leaks_reported;
        const Count tokens = sums.at_risk.at(static_cast<std::size_t>(row.finding));
        rows.add("<tr class=\"{}\"><td>{}</td><th scope=\"row\">{}{} <code>{}</code></th></tr>\n",
                 known && tokens > 0 ? style_of(row.severity) : "zero",
                 known ? base::number_text(tokens) : "–", inventory::sentence(row, settings.policy),
                 known ? "" : " (unknown: Datadog does not report it)", row.reason);
    }
    return html(
        "<table class=\"findings\">\n"
        "<caption class=\"unseen\">Tokens at risk; a token can be in several rows</caption>\n"
        "<thead class=\"unseen\"><tr><th scope=\"col\">Tokens</th><th "
        "scope=\"col\">Finding</th></tr></thead>\n"
        "<tbody>\n{}</tbody>\n</table>\n",
        rows);
}

/// The reasons of a token's findings, worst first.
Html reasons_of(const inventory::FindingSet& found) {
    Html reasons;
    for (const inventory::FindingRow& row : inventory::findings()) {
        if (found.test(static_cast<std::size_t>(row.finding))) {
            reasons.add("<code class=\"{}\">{}</code> ", style_of(row.severity), row.reason);
        }
    }
    return reasons;
}

Html expiry_of(const inventory::TokenDetail& token, base::Timestamp now) {
    if (token.expires_at) {
        return html("<time datetime=\"{}\">{}</time>", base::datetime_text(*token.expires_at),
                    base::distance_text(*token.expires_at, now));
    }
    const bool never = token.findings.test(static_cast<std::size_t>(Finding::never_expires));
    return html("{}", never ? "never" : "unknown");
}

/// Names and ids are untrusted text: `<bdi>` keeps their text direction from affecting their surroundings.
Html token_row(const inventory::TokenDetail& token, base::Timestamp now) {
    return html(
        "<tr><th scope=\"row\"><bdi>{}</bdi> <code><bdi>{}</bdi></code></th><td>{}</td>"
        "<td class=\"owner\"><code><bdi>{}</bdi></code></td><td class=\"expiry\">{}</td></tr>\n",
        token.name.empty() ? "(no name)" : token.name, token.id, reasons_of(token.findings),
        token.owner_id.empty() ? "unknown" : token.owner_id, expiry_of(token, now));
}

}  // namespace

FindingCounts finding_counts(const inventory::Inventory& inventory) {
    FindingCounts counts{};
    for (std::size_t place = 0; place < inventory::finding_count; ++place) {
        const auto& tokens = inventory.at_risk.at(place);
        counts.at(place) = std::accumulate(tokens.begin(), tokens.end(), Count{0});
    }
    return counts;
}

std::optional<WorstFinding> worst_finding(const FindingCounts& tokens) {
    const auto found = std::find_if(tokens.begin(), tokens.end(), [](Count count) { return count > 0; });
    if (found == tokens.end()) {
        return std::nullopt;
    }
    const auto place = static_cast<std::size_t>(found - tokens.begin());
    const inventory::FindingRow& row = inventory::findings()[place];
    if (row.severity == inventory::Severity::info) {
        return std::nullopt;
    }
    return WorstFinding{row.severity, inventory::count_text(row, *found)};
}

void TokenSums::add(const inventory::Inventory& inventory) {
    if (buckets.empty()) {
        as_of = inventory.as_of;
        buckets = inventory.expiry_buckets;
        by_expiry.fill(std::vector<Count>(buckets.size()));
    } else if (buckets != inventory.expiry_buckets) {
        return;
    }
    as_of = std::min(as_of, inventory.as_of);
    tokens += inventory.tokens;
    leaks_reported = leaks_reported || inventory.leaks_reported;
    for (const auto& [token, owner] : inventory::type_pairs) {
        auto& sum = by_expiry.at(static_cast<std::size_t>(token));
        const auto& counts = inventory.by_expiry.at(token, owner);
        std::transform(counts.begin(), counts.end(), sum.begin(), sum.begin(), std::plus<>());
    }
    const FindingCounts counts = finding_counts(inventory);
    std::transform(counts.begin(), counts.end(), at_risk.begin(), at_risk.begin(), std::plus<>());
}

Html token_tables(const TokenSums& sums, const PageSettings& settings, std::string_view heading) {
    const auto types = columns_of(sums);
    const auto buckets = buckets_of(sums);
    return html(
        "<div class=\"columns\">\n<section><{0}>At risk</{0}>\n{1}</section>\n"
        "<section><{0}>By type and time left</{0}>\n{2}{3}</section>\n</div>\n",
        heading, findings_table(sums, settings), bars(types, buckets),
        counts_table(sums.tokens, types, buckets));
}

Html worst_tokens(const inventory::Inventory& inventory, std::string_view heading, base::Timestamp now) {
    // Details are sorted: tokens without findings come last.
    Html rows;
    std::size_t shown = 0;
    for (const inventory::TokenDetail& token : inventory.details) {
        if (shown == worst_tokens_at_most || token.findings.none()) {
            break;
        }
        rows.add("{}", token_row(token, now));
        ++shown;
    }
    if (shown == 0) {
        return {};
    }
    const Count others = inventory.details.size() - shown + inventory.details_omitted.value_or(0);
    const Html note =
        others == 0 ? Html()
                    : html(
                          "<p class=\"dim\">{} not shown here. <code>datadog_token_exporter --list</code> "
                          "prints every token.</p>\n",
                          base::count_text(others, "more token is", "more tokens are"));
    return html(
        "<details class=\"worst\">\n<summary><{0}>Worst tokens</{0}></summary>\n"
        "<table class=\"tokens\">\n"
        "<caption class=\"unseen\">Tokens with findings, worst first</caption>\n"
        "<thead><tr><th scope=\"col\">Token</th><th scope=\"col\">Findings</th>"
        "<th scope=\"col\">Owner</th><th scope=\"col\">Expires</th></tr></thead>\n"
        "<tbody>\n{1}</tbody>\n</table>\n{2}</details>\n",
        heading, rows, note);
}

}  // namespace exporter::web
