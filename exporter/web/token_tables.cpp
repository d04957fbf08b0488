#include "web/token_tables.h"

#include "datadog/token.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

namespace exporter::web {

namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::Count;
using inventory::Risk;

/// How many colours there are for time left, `c0` (soonest) and on.
constexpr std::size_t colours_ahead = 6;
/// Of the longest bar, and of the least part that can still be seen.
constexpr double bar_units = 1000;
constexpr double least_units = 8;

struct Finding {
    Risk risk;
    std::string_view meaning;  ///< what its tokens do; `{}` is the policy's limit
    base::Duration PageSettings::* limit = nullptr;
};

/// The most serious first.
constexpr std::array<Finding, inventory::risk_count> findings = {{
    {Risk::never_expires_privileged, "never expire and have a privileged scope"},
    {Risk::leaked, "are reported as leaked"},
    {Risk::unused_privileged, "have not been used for {} and have a privileged scope",
     &PageSettings::max_idle},
    {Risk::lifetime_over_policy, "live longer than {} in all", &PageSettings::max_lifetime},
    {Risk::never_expires, "never expire"},
    {Risk::unused, "have not been used for {}", &PageSettings::max_idle},
    {Risk::expired_still_listed, "have expired and are still listed"},
}};

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
    for (std::size_t i = 0; i < sums.by_expiry.size(); ++i) {
        const auto& counts = sums.by_expiry[i];
        const auto type = static_cast<TokenType>(i);
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
    for (const Finding& finding : findings) {
        const bool known = finding.risk != Risk::leaked || sums.leaks_reported;
        const Count tokens = sums.at_risk.at(static_cast<std::size_t>(finding.risk));
        const std::string limit = finding.limit != nullptr ? length_text(settings.*finding.limit) : "";
        rows.add("<tr{}><td>{}</td><th scope=\"row\">{}{} <code>{}</code></th></tr>\n",
                 Html::constant(known && tokens > 0 ? "" : " class=\"zero\""),
                 known ? number_text(tokens) : "–", fmt::format(fmt::runtime(finding.meaning), limit),
                 known ? "" : " (not known: Datadog says nothing about it)", inventory::label(finding.risk));
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
    for (std::size_t type = 0; type < datadog::token_type_count; ++type) {
        for (std::size_t owner = 0; owner < datadog::owner_type_count; ++owner) {
            const auto token_type = static_cast<TokenType>(type);
            const auto owner_type = static_cast<OwnerType>(owner);
            const auto& counts = inventory.by_expiry.at(token_type, owner_type);
            std::transform(counts.begin(), counts.end(), by_expiry.at(type).begin(),
                           by_expiry.at(type).begin(), std::plus<>());
            for (std::size_t risk = 0; risk < inventory::risk_count; ++risk) {
                at_risk.at(risk) += inventory.at_risk.at(risk).at(token_type, owner_type);
            }
        }
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
