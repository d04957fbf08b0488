#include "web/token_numbers.h"

#include "status_samples.h"

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

/// First groups of all matches.
std::vector<std::string> all(const std::string& text, const std::string& pattern) {
    const std::regex regex(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
        found.push_back((*match)[1]);
    }
    return found;
}

std::string row(const std::string& html, const std::string& name) {
    const auto end = html.find("</tr>", html.find(name + "</th>"));
    return html.substr(html.rfind("<tr>", end), end - html.rfind("<tr>", end));
}

std::vector<std::string> numbers_in(const std::string& row) {
    return all(row, "<td[^>]*>([0-9,]+)</td>");
}

TEST(ExpiryPicture, BucketsKeepTheirOrderAndNames) {
    const auto html = expiry_picture(sample_numbers()).str();
    EXPECT_THAT(all(html, "<span class=\"swatch [a-z0-9]+\"></span>([^<]+)</th>"),
                ElementsAre("Expired", "Under 1d", "Over 1d", "Never expires", "Unreadable date"));
}

TEST(ExpiryPicture, TableHasEachNumberAndTheirSums) {
    const auto html = expiry_picture(sample_numbers()).str();
    EXPECT_THAT(numbers_in(row(html, "Expired")), ElementsAre("1", "0", "1"));
    EXPECT_THAT(numbers_in(row(html, "Over 1d")), ElementsAre("3", "2", "5"));
    EXPECT_THAT(numbers_in(row(html, "Never expires")), ElementsAre("0", "5", "5"));
    EXPECT_THAT(numbers_in(row(html, "row\">All")), ElementsAre("6", "7", "13"));
}

TEST(ExpiryPicture, OtherTypesAreShownOnlyWhereThereAreSome) {
    auto numbers = sample_numbers();
    EXPECT_THAT(expiry_picture(numbers).str(), Not(HasSubstr("Other")));
    numbers.types[2].counts[1] = 1;
    numbers.tokens = 14;
    EXPECT_THAT(numbers_in(row(expiry_picture(numbers).str(), "row\">All")),
                ElementsAre("6", "7", "1", "14"));
}

TEST(ExpiryPicture, BarIsAsLongAsItsShareOfTheLargestAndLosesNoToken) {
    TokenNumbers numbers = sample_numbers();
    numbers.types = {{"personal", {1, 0, 1'000'000, 0, 0}}, {"service", {0, 0, 500'000, 0, 0}}};
    const auto html = expiry_picture(numbers).str();
    std::vector<double> widths;
    for (const auto& width : all(html, "width=\"([0-9.]+)\"")) {
        widths.push_back(std::stod(width));
    }
    ASSERT_EQ(widths.size(), 3U);
    EXPECT_GE(widths[0], 8);
    EXPECT_NEAR(widths[0] + widths[1], 1000, 1);
    EXPECT_NEAR(widths[2], 500, 1);
}

TEST(ExpiryPicture, IntervalsSpanTheScaleHoweverManyThereAre) {
    for (const std::size_t intervals : {std::size_t{2}, std::size_t{3}, std::size_t{6}, std::size_t{15}}) {
        TokenNumbers numbers;
        numbers.buckets.assign(intervals, {"b", BucketKind::ahead});
        numbers.types = {{"personal", std::vector<std::uint64_t>(intervals, 1)}};
        const auto colours = all(expiry_picture(numbers).str(), "<rect class=\"c([0-9]+)\"");
        ASSERT_EQ(colours.size(), intervals);
        EXPECT_EQ(colours.front(), "0");
        EXPECT_EQ(colours.back(), "5");
        EXPECT_TRUE(std::is_sorted(colours.begin(), colours.end()));
    }
}

TEST(ExpiryPicture, PictureIsNotReadAloudSinceTheTableIs) {
    const auto html = expiry_picture(sample_numbers()).str();
    EXPECT_EQ(all(html, "(<svg)").size(), all(html, "(<svg [^>]*aria-hidden=\"true\")").size());
    EXPECT_THAT(html, HasSubstr("<caption"));
    EXPECT_THAT(html, HasSubstr("<th scope=\"col\">Personal</th>"));
}

TEST(ExpiryPicture, OfNoTokensHasNoBars) {
    auto numbers = sample_numbers();
    numbers.tokens = 0;
    for (auto& type : numbers.types) {
        std::fill(type.counts.begin(), type.counts.end(), 0);
    }
    const auto html = expiry_picture(numbers).str();
    EXPECT_THAT(html, Not(HasSubstr("<rect")));
    EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(FindingsTable, KeepsTheOrderAndSaysWhatIsNotKnown) {
    const auto html = findings_table(sample_numbers()).str();
    EXPECT_THAT(all(html, "<code>([a-z_]+)</code>"),
                ElementsAre("never_expires_privileged", "leaked", "never_expires"));
    EXPECT_THAT(html,
                HasSubstr("<td>4</td><th scope=\"row\">never expire and have a privileged scope <code>"));
    EXPECT_THAT(html, HasSubstr("<td>–</td><th scope=\"row\">are reported as leaked (not known: "));
}

TEST(AddingNumbers, AddsEachCountAndKeepsTheOldestMoment) {
    TokenNumbers sum;
    auto other = sample_numbers();
    other.as_of -= std::chrono::hours(1);
    other.findings[1].tokens = 2;
    add(sum, sample_numbers());
    add(sum, other);
    EXPECT_EQ(sum.tokens, 26U);
    EXPECT_EQ(sum.as_of, other.as_of);
    EXPECT_EQ(sum.types[1].counts, (std::vector<std::uint64_t>{0, 0, 4, 10, 0}));
    EXPECT_EQ(sum.findings[0].tokens, 8U);
    EXPECT_EQ(sum.findings[1].tokens, 2U);
}

TEST(AddingNumbers, LeavesOutWhatHasOtherBuckets) {
    TokenNumbers sum;
    auto other = sample_numbers();
    other.buckets[1].name = "under_2d";
    add(sum, sample_numbers());
    add(sum, other);
    EXPECT_EQ(sum.tokens, 13U);
}

}  // namespace
}  // namespace exporter::web
