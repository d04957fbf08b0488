#include "status_samples.h"
#include "web/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

namespace exporter::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// The first capture group of every match.
std::vector<std::string> all(const std::string& text, const std::string& pattern) {
    const std::regex regex(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
        found.push_back((*match)[1]);
    }
    return found;
}

TokenSums sums_of(const inventory::Inventory& inventory) {
    TokenSums sums;
    sums.add(inventory);
    return sums;
}

std::string tables_of(const inventory::Inventory& inventory) {
    return token_tables(sums_of(inventory), sample_settings(), "h3").str();
}

/// Personal and service tokens by bucket.
inventory::Inventory with_counts(std::vector<inventory::Count> personal,
                                 std::vector<inventory::Count> service) {
    auto inventory = sample_inventory();
    inventory.by_expiry = {};
    inventory.by_expiry.at(datadog::TokenType::personal, datadog::OwnerType::user) = std::move(personal);
    inventory.by_expiry.at(datadog::TokenType::service, datadog::OwnerType::user) = std::move(service);
    return inventory;
}

std::string row(const std::string& html, const std::string& name) {
    const auto end = html.find("</tr>", html.find(name + "</th>"));
    return html.substr(html.rfind("<tr>", end), end - html.rfind("<tr>", end));
}

std::vector<std::string> numbers_in(const std::string& row) {
    return all(row, "<td[^>]*>([0-9,]+)</td>");
}

TEST(ExpiryPicture, BucketsKeepTheirOrderAndNames) {
    const auto html = tables_of(sample_inventory());
    EXPECT_THAT(all(html, "<span class=\"swatch [a-z0-9]+\"></span>([^<]+)</th>"),
                ElementsAre("Expired", "Under 1d", "Over 1d", "Never expires", "Unreadable date"));
}

TEST(ExpiryPicture, TableHasEachNumberAndTheirSums) {
    const auto html = tables_of(sample_inventory());
    EXPECT_THAT(numbers_in(row(html, "Expired")), ElementsAre("1", "0", "1"));
    EXPECT_THAT(numbers_in(row(html, "Over 1d")), ElementsAre("3", "2", "5"));
    EXPECT_THAT(numbers_in(row(html, "Never expires")), ElementsAre("0", "5", "5"));
    EXPECT_THAT(numbers_in(row(html, "row\">All")), ElementsAre("6", "7", "13"));
}

TEST(ExpiryPicture, OtherTypesAreShownOnlyWhereThereAreSome) {
    auto inventory = sample_inventory();
    EXPECT_THAT(tables_of(inventory), Not(HasSubstr("Other")));
    inventory.by_expiry.at(datadog::TokenType::other, datadog::OwnerType::other) = {0, 1, 0, 0, 0};
    inventory.tokens = 14;
    EXPECT_THAT(numbers_in(row(tables_of(inventory), "row\">All")), ElementsAre("6", "7", "1", "14"));
}

TEST(ExpiryPicture, BarsAreProportionalButNeverInvisible) {
    const auto html = tables_of(with_counts({1, 0, 1'000'000, 0, 0}, {0, 0, 500'000, 0, 0}));
    std::vector<double> widths;
    for (const auto& width : all(html, "width=\"([0-9.]+)\"")) {
        widths.push_back(std::stod(width));
    }
    ASSERT_EQ(widths.size(), 3U);
    EXPECT_GE(widths[0], 8);
    EXPECT_NEAR(widths[0] + widths[1], 1000, 1);
    EXPECT_NEAR(widths[2], 500, 1);
}

TEST(ExpiryPicture, AnyNumberOfIntervalsSpansTheColourScale) {
    for (const std::size_t intervals : {std::size_t{2}, std::size_t{3}, std::size_t{6}, std::size_t{15}}) {
        constexpr std::size_t others = 3;  // expired, never, unknown
        auto inventory = with_counts(std::vector<inventory::Count>(intervals + others, 1), {});
        inventory.expiry_buckets.assign(intervals + others, "b");
        const auto colours = all(tables_of(inventory), "<rect class=\"c([0-9]+)\"");
        ASSERT_EQ(colours.size(), intervals);
        EXPECT_EQ(colours.front(), "0");
        EXPECT_EQ(colours.back(), "5");
        EXPECT_TRUE(std::is_sorted(colours.begin(), colours.end()));
    }
}

TEST(ExpiryPicture, IsHiddenFromScreenReaders) {
    const auto html = tables_of(sample_inventory());
    EXPECT_EQ(all(html, "(<svg)").size(), all(html, "(<svg [^>]*aria-hidden=\"true\")").size());
    EXPECT_THAT(html, HasSubstr("<caption"));
    EXPECT_THAT(html, HasSubstr("<th scope=\"col\">Personal</th>"));
}

TEST(ExpiryPicture, OfNoTokensHasNoBars) {
    auto inventory = with_counts({0, 0, 0, 0, 0}, {});
    inventory.tokens = 0;
    const auto html = tables_of(inventory);
    EXPECT_THAT(html, Not(HasSubstr("<rect")));
    EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(FindingsTable, StartsWithTheWorstAndMarksUnknowns) {
    auto inventory = sample_inventory();
    auto html = tables_of(inventory);
    EXPECT_THAT(
        all(html, "<code>([a-z_]+)</code>"),
        ElementsAre("leaked", "never_expires_privileged", "expiring_in_use", "unused_privileged", "unscoped",
                    "never_expires", "lifetime_over_policy", "unused", "expired_still_listed"));
    EXPECT_THAT(html,
                HasSubstr("<td>4</td><th scope=\"row\">never expire and have a privileged scope <code>"));
    EXPECT_THAT(
        html,
        HasSubstr(
            "<td>–</td><th scope=\"row\">are reported as leaked (unknown: Datadog does not report it)"));
    EXPECT_THAT(html, HasSubstr("have not been used for 90 days and have a privileged scope <code>"));
    EXPECT_THAT(html, HasSubstr("have a lifetime of more than 365 days <code>"));
    inventory.leaks_reported = true;
    EXPECT_THAT(tables_of(inventory), HasSubstr("<td>0</td><th scope=\"row\">are reported as leaked <code>"));
}

TEST(FindingsTable, MarksWhatSomebodyShouldLookAtAndDimsZeros) {
    auto inventory = sample_inventory();
    leak_one(inventory);
    EXPECT_THAT(all(tables_of(inventory), "<tr class=\"([a-z]+)\"><td>"),
                ElementsAre("critical", "warning", "zero", "zero", "zero", "info", "zero", "zero", "zero"));
}

TEST(FindingsTable, DimsUnreportedLeaks) {
    auto inventory = sample_inventory();
    inventory.leaks_reported = false;
    EXPECT_THAT(tables_of(inventory),
                HasSubstr("<tr class=\"zero\"><td>–</td><th scope=\"row\">are reported"));
}

TEST(WorstFindingOf, IsTheFirstInTheTableWithTokens) {
    auto inventory = sample_inventory();
    EXPECT_EQ(worst_finding(finding_counts(inventory))->words, "4 privileged tokens without expiry");
    leak_one(inventory);
    const auto worst = worst_finding(finding_counts(inventory));
    EXPECT_EQ(worst->words, "1 leaked token");
    EXPECT_EQ(worst->severity, inventory::Severity::critical);
}

TEST(WorstFindingOf, AddsUpAllOwners) {
    auto inventory = sample_inventory();
    inventory.at_risk.at(0).at(datadog::TokenType::personal, datadog::OwnerType::user) = 2;
    leak_one(inventory);
    EXPECT_EQ(worst_finding(finding_counts(inventory))->words, "3 leaked tokens");
}

TEST(WorstFindingOf, IgnoresHygieneFindings) {
    auto inventory = sample_inventory();
    tokens_with(inventory, inventory::Finding::never_expires_privileged) = 0;
    EXPECT_FALSE(worst_finding(finding_counts(inventory)));
}

TEST(WorstFindingOf, IsNoneWithoutFindings) {
    EXPECT_FALSE(worst_finding(FindingCounts{}));
}

TEST(TokenSums, AddUpCountsAndKeepTheOldestTime) {
    auto other = sample_inventory();
    other.as_of -= std::chrono::hours(1);
    other.leaks_reported = true;
    auto sums = sums_of(sample_inventory());
    sums.add(other);
    EXPECT_EQ(sums.tokens, 26U);
    EXPECT_EQ(sums.as_of, other.as_of);
    EXPECT_EQ(sums.by_expiry[0], (std::vector<inventory::Count>{2, 4, 6, 0, 0}));
    EXPECT_EQ(sums.by_expiry[1], (std::vector<inventory::Count>{0, 0, 4, 10, 0}));
    EXPECT_EQ(sums.at_risk[static_cast<std::size_t>(inventory::Finding::never_expires_privileged)], 8U);
    EXPECT_TRUE(sums.leaks_reported);
}

TEST(TokenSums, SkipDifferentBuckets) {
    auto other = sample_inventory();
    other.expiry_buckets[1] = "under_2d";
    auto sums = sums_of(sample_inventory());
    sums.add(other);
    EXPECT_EQ(sums.tokens, 13U);
}

}  // namespace
}  // namespace exporter::web
