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
using inventory::Risk;

/// How many colours there are for time left, `c0` (soonest) and on.
constexpr std::size_t colours_ahead = 6;
/// Of the longest bar, and of the least part that can still be seen.
constexpr double bar_units = 1000;
constexpr double least_units = 8;

/// How a sentence about its tokens goes on.
std::string meaning(Risk risk, const PageSettings& settings) {
    switch (risk) {
        case Risk::never_expires:
            return "never expire";
        case Risk::never_expires_privileged:
            return "never expire and have a privileged scope";
        case Risk::unused:
            return fmt::format("have not been used for {}", length_text(settings.max_idle));
        case Risk::unused_privileged:
            return fmt::format("have not been used for {} and have a privileged scope",
                               length_text(settings.max_idle));
        case Risk::lifetime_over_policy:
            return fmt::format("live longer than {} in all", length_text(settings.max_lifetime));
        case Risk::expired_still_listed:
            return "have expired and are still listed";
        case Risk::leaked:
            break;
    }
    return "are reported as leaked";
}

/// An expiry bucket as the page shows it.
struct Bucket {
    std::string words;
    std::string colour;  ///< the style sheet's class
};

/// Of a bucket between two bounds, `place` of `all` of them: the first and the last have the ends of the
/// scale, however many there are between them.
std::string colour_of(std::size_t place, std::size_t all) {
    return fmt::format("c{}", all > 1 ? place * (colours_ahead - 1) / (all - 1) : 0);
}

/// The first bucket is that of expired tokens; the last two, `never` and `unknown`, are not intervals either.
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
            std::string words = capitalized(sums.buckets[i]);
            std::replace(words.begin(), words.end(), '_', ' ');
            buckets.push_back({std::move(words), colour_of(i - 1, all - 3)});
        }
    }
    return buckets;
}

/// A row of the picture and a column of the table.
struct Column {
    std::string type;
    const std::vector<Count>& counts;  ///< by bucket
    Count tokens;
};

/// The types that a person has to see: `other` only where there is one.
std::vector<Column> columns_of(const TokenSums& sums) {
    std::vector<Column> columns;
    for (const TokenType type : datadog::token_types) {
        const auto& counts = sums.by_expiry.at(static_cast<std::size_t>(type));
        const Count tokens = std::accumulate(counts.begin(), counts.end(), Count{0});
        if (type != TokenType::other || tokens > 0) {
            columns.push_back({capitalized(datadog::label(type)), counts, tokens});
        }
    }
    return columns;
}

/// One type's bar, as long as its share of the largest type; no part that counts something vanishes.
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
                 count_text(type.tokens, "token", "tokens"), bar(type, largest, buckets));
    }
    return list.add("</ul>\n");
}

Html number_cell(Count number) {
    return number == 0 ? html("<td class=\"zero\">0</td>") : html("<td>{}</td>", number_text(number));
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
        "<caption class=\"unseen\">Tokens by time left until they expire, and type</caption>\n"
        "<thead><tr><th scope=\"col\">Time left</th>{}<th scope=\"col\">All</th></tr></thead>\n"
        "<tbody>\n{}</tbody>\n"
        "<tfoot><tr><th scope=\"row\">All</th>{}{}</tr></tfoot>\n</table>\n",
        head, rows, foot, number_cell(tokens));
}

Html findings_table(const TokenSums& sums, const PageSettings& settings) {
    Html rows;
    for (const Risk risk : inventory::risks_by_severity) {
        const bool known = risk != Risk::leaked || sums.leaks_reported;
        const Count tokens = sums.at_risk.at(static_cast<std::size_t>(risk));
        rows.add("<tr{}><td>{}</td><th scope=\"row\">{}{} <code>{}</code></th></tr>\n",
                 Html::constant(known && tokens > 0 ? "" : " class=\"zero\""),
                 known ? number_text(tokens) : "–", meaning(risk, settings),
                 known ? "" : " (not known: Datadog says nothing about it)", label(risk));
    }
    return html(
        "<table class=\"findings\">\n"
        "<caption class=\"unseen\">Tokens at risk; a token can be in several rows</caption>\n"
        "<thead class=\"unseen\"><tr><th scope=\"col\">Tokens</th><th "
        "scope=\"col\">Finding</th></tr></thead>\n"
        "<tbody>\n{}</tbody>\n</table>\n",
        rows);
}

}  // namespace

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
    for (std::size_t risk = 0; risk < inventory::risk_count; ++risk) {
        const auto& counts = inventory.at_risk.at(risk);
        at_risk.at(risk) = std::accumulate(counts.begin(), counts.end(), at_risk.at(risk));
    }
}

Html token_tables(const TokenSums& sums, const PageSettings& settings, std::string_view heading) {
    const auto types = columns_of(sums);
    const auto buckets = buckets_of(sums);
    return html(
        "<div class=\"columns\">\n<section><{0}>By type and time left</{0}>\n{1}{2}</section>\n"
        "<section><{0}>At risk</{0}>\n{3}</section>\n</div>\n",
        heading, bars(types, buckets), counts_table(sums.tokens, types, buckets),
        findings_table(sums, settings));
}

}  // namespace exporter::web
