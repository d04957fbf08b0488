#include "datadog/user.h"

#include "datadog/api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {
namespace {

using testing::HasSubstr;

Result<User> parsed(std::string_view json) {
    std::vector<char> body(json.begin(), json.end());
    body.push_back('\0');
    return parse_user(body);
}

std::string with_attributes(std::string_view attributes) {
    return fmt::format(R"({{"data":{{"type":"users","id":"u-1","attributes":{{{}}}}}}})", attributes);
}

struct UserCase {
    std::string name;
    std::string json;
    User user;
};

class UserOf : public testing::TestWithParam<UserCase> {};

TEST_P(UserOf, IsWhatTheAnswerSays) {
    const auto user = parsed(GetParam().json);

    ASSERT_TRUE(user) << user.error().message;
    EXPECT_EQ(user->name, GetParam().user.name);
    EXPECT_EQ(user->email, GetParam().user.email);
    EXPECT_EQ(user->handle, GetParam().user.handle);
    EXPECT_EQ(user->disabled, GetParam().user.disabled);
    EXPECT_EQ(user->service_account, GetParam().user.service_account);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, UserOf,
    testing::Values(
        UserCase{"Recorded",
                 R"({"data":{"type":"users","id":"00000000-0000-0000-2345-000000000000","attributes":{
                "name":"Ada Byron","handle":"ada@example.com","created_at":"2024-01-01T00:00:00+00:00",
                "email":"ada@example.com","icon":"https://secure.gravatar.com/avatar/1?s=48&d=retro",
                "title":null,"verified":true,"service_account":false,"disabled":false,
                "allowed_login_methods":[],"status":"Active"},
                "relationships":{"roles":{"data":[{"type":"roles","id":"r"}]}}},
                "included":[{"type":"roles","attributes":{"name":"Datadog Admin Role","disabled":true}}]})",
                 {.name = "Ada Byron", .email = "ada@example.com", .handle = "ada@example.com"}},
        UserCase{"NameNull",
                 with_attributes(R"("name":null,"email":"a@b.c","handle":"a@b.c")"),
                 {.email = "a@b.c", .handle = "a@b.c"}},
        UserCase{"Disabled", with_attributes(R"("disabled":true)"), {.disabled = true}},
        UserCase{"StatusDisabled", with_attributes(R"("status":"Disabled")"), {.disabled = true}},
        UserCase{"StatusDisabledInAnotherCase",
                 with_attributes(R"("status":"DISABLED","disabled":false)"),
                 {.disabled = true}},
        UserCase{"StatusPending", with_attributes(R"("status":"Pending")"), {}},
        UserCase{"ServiceAccount",
                 with_attributes(R"("service_account":true,"name":"ci","email":"")"),
                 {.name = "ci", .service_account = true}},
        UserCase{"NothingKnown", R"({"data":{}})", {}},
        UserCase{"AttributesNull", R"({"data":{"attributes":null}})", {}},
        UserCase{"AttributesThatAreAList", R"({"data":{"attributes":[{"name":"x"}]}})", {}},
        UserCase{"WrongTypes",
                 with_attributes(R"("name":7,"email":["a@b.c"],"handle":{"email":"x","name":"y"},)"
                                 R"("disabled":"true","status":true,"service_account":1)"),
                 {}},
        UserCase{"TheLastOfTwoCounts",
                 with_attributes(
                     R"("name":"first","name":"last","email":"a@b.c","email":null,"handle":"h","handle":{})"),
                 {.name = "last"}},
        UserCase{"MembersOfTheSameNameElsewhere",
                 R"({"name":"no","data":{"name":"no","attributes":{"org":{"name":"no"},"name":"yes",)"
                 R"("list":["no",{"name":"no"}]},"relationships":{"name":"no","attributes":{"name":"no"}}},)"
                 R"("attributes":{"name":"no"},"meta":{"attributes":{"name":"no"}},)"
                 R"("included":[{"data":{"attributes":{"name":"no"}}}]})",
                 {.name = "yes"}},
        UserCase{"Escapes",
                 with_attributes(R"("name":"Bj\u00f6rn \ud83d\ude80 \"B\"")"),
                 {.name = "Björn 🚀 \"B\""}},
        UserCase{"ALoneSurrogate", with_attributes(R"("name":"x\ud83dy")"), {.name = "x\uFFFDy"}},
        UserCase{"AByteOrderMark", "\xEF\xBB\xBF" + with_attributes(R"("name":"x")"), {.name = "x"}}),
    [](const auto& test) { return test.param.name; });

struct BadUser {
    std::string name;
    std::string json;
    ErrorKind kind;
    std::string words;
};

class BadAnswer : public testing::TestWithParam<BadUser> {};

TEST_P(BadAnswer, IsNoUser) {
    const auto user = parsed(GetParam().json);

    ASSERT_FALSE(user);
    EXPECT_EQ(label(user.error().kind), label(GetParam().kind));
    EXPECT_THAT(user.error().message, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, BadAnswer,
    testing::Values(BadUser{"Empty", "", ErrorKind::not_json, "empty"},
                    BadUser{"Html", "<html></html>", ErrorKind::not_json, "not JSON at byte 0"},
                    BadUser{"CutShort", R"({"data":{"attributes":{"name":"x)", ErrorKind::not_json,
                            "not JSON"},
                    BadUser{"MoreBehindIt", R"({"data":{}} {"data":{}})", ErrorKind::not_json, "not JSON"},
                    BadUser{"NulCharacter", std::string("{\"data\":{}}\0x", 13), ErrorKind::not_json, "NUL"},
                    BadUser{"AList", R"([{"data":{"attributes":{"name":"x"}}}])", ErrorKind::bad_page,
                            "no `data` object"},
                    BadUser{"AListing", R"({"data":[{"attributes":{"name":"x"}}]})", ErrorKind::bad_page,
                            "no `data` object"},
                    BadUser{"DataNull", R"({"data":null})", ErrorKind::bad_page, "no `data` object"},
                    BadUser{"Errors", R"({"errors":["no"]})", ErrorKind::bad_page, "no `data` object"},
                    BadUser{"AString", R"("data")", ErrorKind::bad_page, "no `data` object"}),
    [](const auto& test) { return test.param.name; });

std::string nested(std::size_t levels, std::string_view open, std::string_view close) {
    std::string text;
    for (std::size_t level = 0; level < levels; ++level) {
        text += open;
    }
    text += "1";
    for (std::size_t level = 0; level < levels; ++level) {
        text += close;
    }
    return text;
}

TEST(UserParser, AcceptsNestingUpTo64Levels) {
    for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
        const auto most = nested(most_levels - 3, open, close);
        const auto too_deep = nested(most_levels - 2, open, close);

        EXPECT_TRUE(parsed(with_attributes("\"x\":" + most)));
        const auto refused = parsed(with_attributes("\"x\":" + too_deep));

        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
        EXPECT_THAT(refused.error().message, HasSubstr("64 levels"));
    }
}

TEST(UserParser, RefusesEndlessNesting) {
    const auto refused = parsed(std::string(longest_user_body, '['));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
}

TEST(DisplayName, IsAddressAndNameOrAFallback) {
    EXPECT_EQ(display_name({.name = "Ada", .email = "a@b.c", .handle = "h"}), "a@b.c (Ada)");
    EXPECT_EQ(display_name({.email = "a@b.c", .handle = "h"}), "a@b.c");
    EXPECT_EQ(display_name({.name = "Ada", .handle = "h"}), "Ada");
    EXPECT_EQ(display_name({.handle = "h"}), "h");
    EXPECT_EQ(display_name({}), "");
}

TEST(DisplayName, OfAServiceAccountIsItsNameAlone) {
    EXPECT_EQ(display_name({.name = "deploy", .email = "1@made.up", .service_account = true}), "deploy");
    EXPECT_EQ(display_name({.email = "1@made.up", .handle = "h", .service_account = true}), "1@made.up");
}

TEST(DisplayName, SaysNothingTwiceAndLeavesOutBlanks) {
    EXPECT_EQ(display_name({.name = "a@b.c", .email = "a@b.c"}), "a@b.c");
    EXPECT_EQ(display_name({.name = " \t", .email = " a@b.c "}), "a@b.c");
    EXPECT_EQ(display_name({.name = " ", .email = "", .handle = "h"}), "h");
}

TEST(UserTarget, EncodesReservedCharacters) {
    EXPECT_EQ(user_target("00000000-0000-0000-2345-000000000000"),
              "/api/v2/users/00000000-0000-0000-2345-000000000000");
    EXPECT_EQ(user_target("../../x?y#z&a=%"), "/api/v2/users/..%2F..%2Fx%3Fy%23z%26a%3D%25");
    EXPECT_EQ(user_target("a b\r\nHost: x\xFF"), "/api/v2/users/a%20b%0D%0AHost%3A%20x%FF");
}

TEST(UserTarget, RefusesEmptyAndDotIds) {
    for (const std::string id : {"", ".", ".."}) {
        EXPECT_EQ(user_target(id), std::nullopt) << id;
    }
    EXPECT_TRUE(user_target("..."));
}

TEST(UserTarget, AcceptsIdsUpTo200Bytes) {
    EXPECT_TRUE(user_target(std::string(200, 'x')));
    EXPECT_EQ(user_target(std::string(201, 'x')), std::nullopt);
}

}  // namespace
}  // namespace exporter::datadog
