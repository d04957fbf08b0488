#include "app/token_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace exporter::app {
namespace {

using base::Timestamp;
using datadog::OwnerType;
using datadog::TokenType;
using inventory::FindingSet;
using inventory::TokenDetail;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using namespace std::chrono_literals;

constexpr Timestamp now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + 12h;

const inventory::ScopeNames scope_names{{"org_management", "apm_read", "metrics_read", "slos_read"}, 1};

FindingSet findings(const std::vector<std::string>& reasons) {
    return inventory::findings_named(reasons);
}

TokenDetail service_token() {
    return {.findings = findings({"leaked", "unused"}),
            .id = "id-1",
            .name = "deploy, \"prod\"",
            .type = TokenType::service,
            .owner_type = OwnerType::service_account,
            .owner_id = "owner-1",
            .expires_at = now + 24h * 3,
            .last_used_at = now - 24h * 100,
            .created_at = now - 24h * 365,
            .public_portion = "ddsat_1",
            .scopes = {0, 1, 3}};
}

std::string list_of(const TokenDetail& token, config::ListFormat format, Terminal terminal = {},
                    const std::string& owner = "") {
    const std::vector<ListedToken> tokens = {{"prod", &token, &scope_names, owner}};
    return token_list(format, tokens, terminal, now);
}

TEST(TokenList, AsJsonIsAnObjectALine) {
    EXPECT_EQ(
        list_of(service_token(), config::ListFormat::json),
        R"({"findings":["leaked","unused"],"organization":"prod","owner":null,"owner_id":"owner-1",)"
        R"("owner_type":"service_account","name":"deploy, \"prod\"","id":"id-1","public_portion":"ddsat_1",)"
        R"("type":"service","created":"2025-11-29T12:00:00Z","last_used":"2026-08-21T12:00:00Z",)"
        R"("expires":"2026-12-02T12:00:00Z","time_left":"in 3 days","scopes":["org_management","apm_read","slos_read"]})"
        "\n");
}

TEST(TokenList, AsCsvHasAHeaderAndMinimalQuotes) {
    EXPECT_EQ(list_of(service_token(), config::ListFormat::csv, {}, "ci <ci@example.com>"),
              "findings,organization,owner,owner_id,owner_type,name,id,public_portion,type,created,last_used,"
              "expires,time_left,scopes\r\n"
              "leaked unused,prod,ci <ci@example.com>,owner-1,service_account,\"deploy, \"\"prod\"\"\",id-1,"
              "ddsat_1,service,2025-11-29T12:00:00Z,2026-08-21T12:00:00Z,2026-12-02T12:00:00Z,in 3 days,"
              "org_management apm_read slos_read\r\n");
}

TEST(TokenList, OfNoTokensIsAtMostAHeader) {
    EXPECT_EQ(token_list(config::ListFormat::json, {}, {}, now), "");
    EXPECT_THAT(token_list(config::ListFormat::csv, {}, {}, now), testing::EndsWith("scopes\r\n"));
    EXPECT_THAT(token_list(config::ListFormat::table, {}, {}, now), testing::StartsWith("FINDINGS"));
}

TEST(TokenTable, ShowsTheOwnersNameWhereItIsKnownAndElseTheId) {
    EXPECT_THAT(list_of(service_token(), config::ListFormat::table), HasSubstr("  owner-1  "));
    EXPECT_THAT(list_of(service_token(), config::ListFormat::table, {}, "Ada <ada@example.com>"),
                AllOf(HasSubstr("  Ada <ada@example.com>  "), Not(HasSubstr("owner-1"))));
    TokenDetail token = service_token();
    token.owner_id.clear();
    EXPECT_THAT(list_of(token, config::ListFormat::table), HasSubstr("  unknown  "));
}

TEST(TokenTable, ShowsAnUnusualOwnerType) {
    TokenDetail token = service_token();
    EXPECT_THAT(list_of(token, config::ListFormat::table), Not(HasSubstr(" of ")));
    token.type = TokenType::personal;
    EXPECT_THAT(list_of(token, config::ListFormat::table), HasSubstr("  personal of service_account  "));
}

TEST(TokenTable, TellsNeverFromADateThatCanNotBeRead) {
    TokenDetail token = service_token();
    token.expires_at.reset();
    EXPECT_THAT(list_of(token, config::ListFormat::table), HasSubstr("  unknown"));
    token.findings = findings({"never_expires"});
    EXPECT_THAT(list_of(token, config::ListFormat::table), HasSubstr("  never"));
}

TEST(TokenTable, CountsTheScopesThatDoNotFit) {
    const std::string wide = list_of(service_token(), config::ListFormat::table, {.columns = 300});
    EXPECT_THAT(wide, HasSubstr("org_management, apm_read, slos_read"));
    TokenDetail token = service_token();
    token.scopes.assign(40, 1);
    token.scopes.front() = 0;
    EXPECT_THAT(list_of(token, config::ListFormat::table, {.columns = 80}),
                HasSubstr("org_management, apm_read, +38\n"));
}

TEST(TokenTable, CutsAWideNameAtACharacter) {
    TokenDetail token = service_token();
    token.name.clear();
    for (int i = 0; i < 30; ++i) {
        token.name += "鍵";
    }
    // 13 double-width characters and the ellipsis take 27 of 28 columns.
    std::string cut;
    for (int i = 0; i < 13; ++i) {
        cut += "鍵";
    }
    EXPECT_THAT(list_of(token, config::ListFormat::table),
                AllOf(HasSubstr(cut + "…"), Not(HasSubstr(cut + "鍵"))));
}

TEST(TokenTable, HasColoursByTheSeverityOfTheWorstFinding) {
    const auto coloured = [](const std::string& reason) {
        TokenDetail token = service_token();
        token.findings = findings({reason});
        return list_of(token, config::ListFormat::table, {.colours = true});
    };
    EXPECT_THAT(coloured("leaked"), HasSubstr("\x1b[1;31mleaked\x1b[0m"));
    EXPECT_THAT(coloured("unscoped"), HasSubstr("\x1b[33munscoped\x1b[0m"));
    EXPECT_THAT(coloured("unused"), HasSubstr("\nunused "));
    EXPECT_THAT(coloured("no finding"), HasSubstr("\x1b[1mFINDINGS\x1b[0m"));
}

TEST(TokenTable, IsAtLeastFortyColumnsWide) {
    EXPECT_EQ(list_of(service_token(), config::ListFormat::table, {.columns = 1}),
              list_of(service_token(), config::ListFormat::table, {.columns = 40}));
}

}  // namespace
}  // namespace exporter::app
