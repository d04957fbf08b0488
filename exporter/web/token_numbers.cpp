#include "web/token_numbers.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

namespace exporter::web {

namespace {

/// How many colours there are for time left, `c0` (soonest) and on.
constexpr std::size_t colours_ahead = 6;
/// Of the longest bar, and of the least part that can still be seen.
constexpr double bar_units = 1000;
constexpr double least_units = 8;

std::uint64_t total(const TypeCounts& type) {
    return std::accumulate(type.counts.begin(), type.counts.end(), std::uint64_t{0});
}

/// The types that a person has to see: `other` only where there is one.
std::vector<const TypeCounts*> shown_types(const TokenNumbers& numbers) {
    std::vector<const TypeCounts*> shown;
    for (const TypeCounts& type : numbers.types) {
        if (type.type != "other" || total(type) > 0) {
            shown.push_back(&type);
        }
    }
    return shown;
}

std::string words_of(const ExpiryBucket& bucket) {
    switch (bucket.kind) {
        case BucketKind::expired:
            return "Expired";
        case BucketKind::never:
            return "Never expires";
        case BucketKind::unreadable:
            return "Unreadable date";
        case BucketKind::ahead:
            break;
    }
    std::string words = bucket.name;
    std::replace(words.begin(), words.end(), '_', ' ');
    return capitalized(words);
}

/// The style sheet's class of each bucket. The first interval and the last have the ends of the scale,
/// however many there are between them.
std::vector<std::string> colours_of(const std::vector<ExpiryBucket>& buckets) {
    const auto ahead = static_cast<std::size_t>(
        std::count_if(buckets.begin(), buckets.end(),
                      [](const ExpiryBucket& bucket) { return bucket.kind == BucketKind::ahead; }));
    std::vector<std::string> colours;
    colours.reserve(buckets.size());
    std::size_t place = 0;
    for (const ExpiryBucket& bucket : buckets) {
        switch (bucket.kind) {
            case BucketKind::expired:
                colours.emplace_back("expired");
                break;
            case BucketKind::never:
                colours.emplace_back("never");
                break;
            case BucketKind::unreadable:
                colours.emplace_back("unreadable");
                break;
            case BucketKind::ahead:
                colours.push_back(
                    fmt::format("c{}", ahead > 1 ? place * (colours_ahead - 1) / (ahead - 1) : 0));
                ++place;
                break;
        }
    }
    return colours;
}

/// One type's bar, as long as its share of the largest type; no part that counts something vanishes.
Html bar(const TypeCounts& type, std::uint64_t largest, const std::vector<std::string>& colours) {
    const auto parts = static_cast<double>(
        std::count_if(type.counts.begin(), type.counts.end(), [](std::uint64_t count) { return count > 0; }));
    const auto tokens = static_cast<double>(total(type));
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
        svg.add("<rect class=\"{}\" x=\"{:.1f}\" width=\"{:.1f}\" height=\"10\"/>", colours[i], left, width);
        left += width;
    }
    return svg.add("</svg>");
}

Html bars(const std::vector<const TypeCounts*>& types, const std::vector<std::string>& colours) {
    std::uint64_t largest = 1;
    for (const TypeCounts* type : types) {
        largest = std::max(largest, total(*type));
    }
    Html list = html("<ul class=\"bars\">\n");
    for (const TypeCounts* type : types) {
        list.add("<li><span class=\"type\">{}</span> <span class=\"number\">{}</span>{}</li>\n",
                 capitalized(type->type), count_text(total(*type), "token", "tokens"),
                 bar(*type, largest, colours));
    }
    return list.add("</ul>\n");
}

void add_number(Html& row, std::uint64_t number) {
    if (number == 0) {
        row.add("<td class=\"zero\">0</td>");
    } else {
        row.add("<td>{}</td>", number_text(number));
    }
}

Html table(const TokenNumbers& numbers, const std::vector<const TypeCounts*>& types,
           const std::vector<std::string>& colours) {
    Html table = html(
        "<table class=\"counts\">\n"
        "<caption class=\"unseen\">Tokens by time left until they expire, and type</caption>\n"
        "<thead><tr><th scope=\"col\">Time left</th>");
    for (const TypeCounts* type : types) {
        table.add("<th scope=\"col\">{}</th>", capitalized(type->type));
    }
    table.add("<th scope=\"col\">All</th></tr></thead>\n<tbody>\n");
    for (std::size_t i = 0; i < numbers.buckets.size(); ++i) {
        table.add("<tr><th scope=\"row\"><span class=\"swatch {}\"></span>{}</th>", colours[i],
                  words_of(numbers.buckets[i]));
        std::uint64_t all = 0;
        for (const TypeCounts* type : types) {
            add_number(table, type->counts[i]);
            all += type->counts[i];
        }
        add_number(table, all);
        table.add("</tr>\n");
    }
    table.add("</tbody>\n<tfoot><tr><th scope=\"row\">All</th>");
    for (const TypeCounts* type : types) {
        add_number(table, total(*type));
    }
    add_number(table, numbers.tokens);
    return table.add("</tr></tfoot>\n</table>\n");
}

std::optional<std::uint64_t> sum_of(const std::optional<std::uint64_t>& a,
                                    const std::optional<std::uint64_t>& b) {
    return a || b ? std::optional(a.value_or(0) + b.value_or(0)) : std::nullopt;
}

}  // namespace

void add(TokenNumbers& sum, const TokenNumbers& more) {
    if (sum.buckets.empty()) {
        sum.as_of = more.as_of;
        sum.buckets = more.buckets;
        sum.types = more.types;
        sum.findings = more.findings;
        sum.tokens = more.tokens;
        return;
    }
    if (sum.buckets != more.buckets || sum.types.size() != more.types.size() ||
        sum.findings.size() != more.findings.size()) {
        return;
    }
    sum.as_of = std::min(sum.as_of, more.as_of);
    sum.tokens += more.tokens;
    for (std::size_t i = 0; i < sum.types.size(); ++i) {
        auto& counts = sum.types[i].counts;
        std::transform(counts.begin(), counts.end(), more.types[i].counts.begin(), counts.begin(),
                       std::plus<>());
    }
    for (std::size_t i = 0; i < sum.findings.size(); ++i) {
        sum.findings[i].tokens = sum_of(sum.findings[i].tokens, more.findings[i].tokens);
    }
}

Html expiry_picture(const TokenNumbers& numbers) {
    const auto types = shown_types(numbers);
    const auto colours = colours_of(numbers.buckets);
    return html("{}{}", bars(types, colours), table(numbers, types, colours));
}

Html findings_table(const TokenNumbers& numbers) {
    Html table = html(
        "<table class=\"findings\">\n"
        "<caption class=\"unseen\">Tokens at risk; a token can be in several rows</caption>\n"
        "<thead class=\"unseen\"><tr><th scope=\"col\">Tokens</th><th "
        "scope=\"col\">Finding</th></tr></thead>\n"
        "<tbody>\n");
    for (const Finding& finding : numbers.findings) {
        const bool none = finding.tokens.value_or(0) == 0;
        table.add("<tr{}><td>{}</td><th scope=\"row\">{}{} <code>{}</code></th></tr>\n",
                  Html::constant(none ? " class=\"zero\"" : ""),
                  finding.tokens ? number_text(*finding.tokens) : "–", finding.meaning,
                  finding.tokens ? "" : " (not known: Datadog says nothing about it)", finding.reason);
    }
    return table.add("</tbody>\n</table>\n");
}

}  // namespace exporter::web
