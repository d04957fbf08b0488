#include "status_samples.h"
#include "web/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using inventory::Finding;
using ::testing::HasSubstr;
using ::testing::Not;

inventory::Inventory listing(std::vector<inventory::TokenDetail> details, inventory::Count omitted = 0) {
    auto inventory = sample_inventory();
    inventory.details = std::move(details);
    inventory.details_omitted = omitted;
    return inventory;
}

std::string table_of(const inventory::Inventory& inventory) {
    return worst_tokens(inventory, "h4", now()).str();
}

std::vector<inventory::TokenDetail> leaked_ones(std::size_t count) {
    std::vector<inventory::TokenDetail> details;
    details.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        details.push_back(detail_of("robot-" + std::to_string(i), {Finding::leaked}));
    }
    return details;
}

std::size_t rows_in(const std::string& table) {
    std::size_t rows = 0;
    for (auto at = table.find("<tr><th scope=\"row\">"); at != std::string::npos;
         at = table.find("<tr><th scope=\"row\">", at + 1)) {
        ++rows;
    }
    return rows;
}

TEST(WorstTokens, ShowFindingsOwnerAndExpiry) {
    auto token = detail_of("robot", {Finding::leaked, Finding::unscoped, Finding::unused});
    token.expires_at = now() + 49h;
    EXPECT_THAT(
        table_of(listing({token})),
        HasSubstr("<tr><th scope=\"row\"><bdi>robot</bdi> <code><bdi>id-of-robot</bdi></code></th>"
                  "<td><code class=\"critical\">leaked</code> <code class=\"warning\">unscoped</code> "
                  "<code class=\"info\">unused</code> </td>"
                  "<td class=\"owner\"><code><bdi>owner-of-robot</bdi></code></td>"
                  "<td class=\"expiry\"><time datetime=\"2026-11-26T20:10:16Z\">in 2 days</time></td></tr>"));
}

TEST(WorstTokens, ShowMissingFields) {
    auto token = detail_of("", {Finding::leaked});
    token.owner_id.clear();
    const auto table = table_of(listing({token}));
    EXPECT_THAT(table, HasSubstr("<bdi>(no name)</bdi>"));
    EXPECT_THAT(table, HasSubstr("<bdi>unknown</bdi>"));
    EXPECT_THAT(table, HasSubstr("<td class=\"expiry\">unknown</td>"));
}

TEST(WorstTokens, ShowNeverWithoutAnExpiry) {
    EXPECT_THAT(table_of(listing({detail_of("robot", {Finding::never_expires})})),
                HasSubstr("<td class=\"expiry\">never</td>"));
}

TEST(WorstTokens, AreTheFirstOnesOfTheList) {
    const auto table = table_of(listing(leaked_ones(worst_tokens_at_most + 1)));
    EXPECT_EQ(rows_in(table), worst_tokens_at_most);
    EXPECT_LT(table.find("robot-0<"), table.find("robot-9<"));
    EXPECT_THAT(table, Not(HasSubstr("robot-10<")));
}

TEST(WorstTokens, SayHowManyAreNotShown) {
    EXPECT_THAT(table_of(listing(leaked_ones(12), 1000)), HasSubstr("1,002 more tokens are not shown here."));
    EXPECT_THAT(table_of(listing(leaked_ones(2), 1)), HasSubstr("1 more token is not shown here."));
    EXPECT_THAT(table_of(listing(leaked_ones(2))), Not(HasSubstr("not shown")));
}

TEST(WorstTokens, LeaveOutTokensWithoutAFinding) {
    const auto table = table_of(listing({detail_of("bad", {Finding::unused}), detail_of("good", {})}));
    EXPECT_EQ(rows_in(table), 1U);
    EXPECT_THAT(table, HasSubstr("1 more token is not shown here."));
    EXPECT_EQ(table_of(listing({detail_of("good", {})})), "");
}

TEST(WorstTokens, NamesAreEscaped) {
    const auto table = table_of(listing({detail_of("<script>", {Finding::leaked})}));
    EXPECT_THAT(table, Not(HasSubstr("<script>")));
    EXPECT_THAT(table, HasSubstr("<bdi>&lt;script&gt;</bdi> <code><bdi>id-of-&lt;script&gt;</bdi></code>"));
    EXPECT_THAT(table, HasSubstr("<bdi>owner-of-&lt;script&gt;</bdi>"));
}

TEST(WorstTokens, AreFoldedInATableWithACaption) {
    const auto table = table_of(listing(leaked_ones(1)));
    EXPECT_TRUE(table.starts_with("<details class=\"worst\">\n<summary><h4>Worst tokens</h4></summary>"));
    EXPECT_THAT(table, HasSubstr("<caption"));
    EXPECT_THAT(table, HasSubstr("<th scope=\"col\">Findings</th>"));
}

TEST(WorstTokens, AreAbsentWithoutDetail) {
    auto inventory = sample_inventory();
    leak_one(inventory);
    EXPECT_EQ(table_of(inventory), "");
}

}  // namespace
}  // namespace exporter::web
