#include "datadog/page.h"

#include "base/dates.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace exporter::datadog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Page> parse(std::string_view json) {
    Page page;
    page.body.assign(json.begin(), json.end());
    page.body.push_back('\0');
    auto parsed = parse_page(page);
    if (!parsed) {
        return tl::unexpected(std::move(parsed).error());
    }
    return page;
}

Page parse_page_of(std::string_view json) {
    auto page = parse(json);
    EXPECT_TRUE(page) << (page ? "" : page.error().message);
    return page ? *std::move(page) : Page();
}

/// A page with one token that has these attributes as well as its ID.
Page one_token(std::string_view attributes, std::string_view more = "") {
    return parse_page_of(
        fmt::format(R"({{"data":[{{"id":"t1","type":"personal_access_tokens","attributes":{{{}}}{}}}]}})",
                    attributes, more));
}

std::uint64_t unparsed(const Page& page, Field field) {
    return page.facts.unparsed[static_cast<std::size_t>(field)];
}

std::uint64_t all_unparsed(const Page& page) {
    std::uint64_t sum = 0;
    for (const auto count : page.facts.unparsed) {
        sum += count;
    }
    return sum;
}

constexpr std::string_view documented = R"({
  "data": [{
      "id": "0c4c9e2e-0000-4000-8000-000000000001",
      "type": "personal_access_tokens",
      "attributes": {
        "created_at": "2024-01-01T00:00:00+00:00", "expires_at": "2025-12-31T23:59:59+00:00",
        "last_used_at": "2025-06-15T12:30:00+00:00", "modified_at": "2024-06-01T00:00:00+00:00",
        "name": "My Access Token", "public_portion": "ddpat_abc123", "scopes": ["dashboards_read", "dashboards_write"]
      },
      "relationships": {
        "owned_by": {"data": {"id": "00000000-0000-0000-2345-000000000000", "type": "users"}},
        "leak_information": {"data": null}
      }
  }],
  "included": [],
  "meta": {"page": {"total_filtered_count": 1}}
})";

TEST(PageParser, ReadsTheDocumentedExampleWhole) {
    const Page page = parse_page_of(documented);

    ASSERT_EQ(page.tokens.size(), 1U);
    const Token& token = page.tokens.front();
    EXPECT_EQ(token.id, "0c4c9e2e-0000-4000-8000-000000000001");
    EXPECT_EQ(token.type, TokenType::personal);
    EXPECT_EQ(token.name, "My Access Token");
    EXPECT_EQ(token.public_portion, "ddpat_abc123");
    EXPECT_EQ(token.owner_type, OwnerType::user);
    EXPECT_EQ(token.owner_id, "00000000-0000-0000-2345-000000000000");
    EXPECT_EQ(token.created_at, Date::at(*base::parse_rfc3339("2024-01-01T00:00:00Z")));
    EXPECT_EQ(token.expires_at, Date::at(*base::parse_rfc3339("2025-12-31T23:59:59Z")));
    EXPECT_EQ(token.last_used_at, Date::at(*base::parse_rfc3339("2025-06-15T12:30:00Z")));
    EXPECT_EQ(token.modified_at, Date::at(*base::parse_rfc3339("2024-06-01T00:00:00Z")));
    EXPECT_THAT(token.scopes, ElementsAre("dashboards_read", "dashboards_write"));
    EXPECT_EQ(token.leak, Leak::none);
    EXPECT_EQ(page.facts.elements, 1U);
    EXPECT_EQ(page.facts.total_filtered_count, 1U);
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, RequiresOnlyTheIdOfAToken) {
    const Page page = parse_page_of(R"({"data":[{"id":"t1"}]})");

    ASSERT_EQ(page.tokens.size(), 1U);
    const Token& token = page.tokens.front();
    EXPECT_EQ(token.type, TokenType::other);
    EXPECT_EQ(token.owner_type, OwnerType::unknown);
    EXPECT_TRUE(token.expires_at.is_none());
    EXPECT_EQ(token.leak, Leak::unknown);
    EXPECT_THAT(token.scopes, IsEmpty());
    EXPECT_TRUE(token.scopes_readable);
    EXPECT_EQ(page.facts.total_filtered_count, std::nullopt);
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, SkipsUnknownMembersAtEveryLevel) {
    const Page page = parse_page_of(R"({
      "new": {"data": [{"id": "x"}], "meta": [[[1, {"a": null}]]]},
      "links": {"next": "https://elsewhere"},
      "data": [{"new": [{"id": "y"}], "id": "t1", "attributes": {"new": {"name": "z"}, "name": "n", "scopes": ["s"]},
                "relationships": {"new": {"data": {"id": "q", "type": "users"}},
                                  "owned_by": {"links": {"data": 1}, "data": {"id": "o", "new": {"id": "p"}, "type": "users"}}}}],
      "meta": {"new": {"total_filtered_count": 9}, "page": {"new": {"total_filtered_count": 8}, "total_filtered_count": 1}}})");

    ASSERT_EQ(page.tokens.size(), 1U);
    EXPECT_EQ(page.tokens.front().id, "t1");
    EXPECT_EQ(page.tokens.front().name, "n");
    EXPECT_EQ(page.tokens.front().owner_id, "o");
    EXPECT_EQ(page.facts.total_filtered_count, 1U);
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, SkippedValuesHaveNoEffect) {
    const Page page = parse_page_of(R"({
      "data": [[{"id": "in an array"}, {}], {"id": "t1", "relationships": {"owned_by": [{"id": "o", "type": "users"}]}}],
      "meta": {"errors": [{"detail": "not of the page"}]}})");

    ASSERT_EQ(page.tokens.size(), 1U);
    EXPECT_EQ(page.tokens.front().id, "t1");
    EXPECT_EQ(page.tokens.front().owner_type, OwnerType::unknown);
    EXPECT_EQ(page.facts.elements, 2U);
    EXPECT_EQ(unparsed(page, Field::token), 1U);
    EXPECT_EQ(unparsed(page, Field::owned_by), 1U);
}

TEST(PageParser, RefusesADataObjectWithAnArray) {
    for (const auto* body : {R"({"data":{"items":[]}})", R"({"data":{"items":[{"id":"t1"}]}})"}) {
        const auto page = parse(body);
        ASSERT_FALSE(page) << body;
        EXPECT_EQ(page.error().kind, ErrorKind::bad_page);
    }
}

TEST(PageParser, InvalidAttributesAreUnknown) {
    for (const auto* value : {"[]", R"("x")", "7"}) {
        const Page page = parse_page_of(fmt::format(R"({{"data":[{{"id":"t1","attributes":{}}}]}})", value));
        ASSERT_EQ(page.tokens.size(), 1U) << value;
        EXPECT_TRUE(page.tokens.front().expires_at.is_unreadable()) << value << "unknown is not never";
        EXPECT_FALSE(page.tokens.front().scopes_readable) << value;
        EXPECT_EQ(unparsed(page, Field::expires_at), 1U) << value;
    }
}

TEST(PageParser, InvalidAttributesCountOncePerField) {
    const Page page = parse_page_of(R"({"data":[{"id":"t1","attributes":[]}]})");

    for (const Field field : {Field::name, Field::public_portion, Field::scopes, Field::created_at,
                              Field::expires_at, Field::last_used_at, Field::modified_at}) {
        EXPECT_EQ(unparsed(page, field), 1U) << label(field);
    }
    EXPECT_EQ(all_unparsed(page), 7U);
}

TEST(PageParser, IgnoresMisplacedMembers) {
    const Page page = parse_page_of(
        R"({"data":[{"id":"t1","name":{},"scopes":{},"relationships":{"name":{},"type":{},"scopes":{},"expires_at":{}}}]})");

    ASSERT_EQ(page.tokens.size(), 1U);
    EXPECT_TRUE(page.tokens.front().expires_at.is_none());
    EXPECT_TRUE(page.tokens.front().scopes_readable);
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, DropsTheScopesOfATokenWithoutAnId) {
    const Page page = parse_page_of(
        R"({"data":[{"attributes":{"scopes":["a"]}},{"id":"t1","attributes":{"scopes":["b"]}},{"id":"t2"}]})");

    ASSERT_EQ(page.tokens.size(), 2U);
    EXPECT_THAT(page.tokens[0].scopes, ElementsAre("b"));
    EXPECT_THAT(page.tokens[1].scopes, IsEmpty());
}

TEST(PageParser, InvalidRelationshipsAreCounted) {
    for (const auto* value : {"[]", R"("x")"}) {
        const Page page =
            parse_page_of(fmt::format(R"({{"data":[{{"id":"t1","relationships":{}}}]}})", value));
        EXPECT_EQ(page.tokens.at(0).owner_type, OwnerType::unknown) << value;
        EXPECT_EQ(unparsed(page, Field::owned_by), 1U) << value;
        EXPECT_EQ(unparsed(page, Field::leak_information), 1U) << value;
        EXPECT_EQ(all_unparsed(page), 2U) << value;
    }
}

TEST(PageParser, AListOfLeaksIsUnreadable) {
    const Page page =
        parse_page_of(R"({"data":[{"id":"t1","relationships":{"leak_information":{"data":[]}}}]})");

    EXPECT_EQ(page.tokens.at(0).leak, Leak::unknown);
    EXPECT_EQ(unparsed(page, Field::leak_information), 1U);
}

TEST(PageParser, MembersMayComeInAnyOrder) {
    const Page page = parse_page_of(
        R"({"meta":{"page":{"total_filtered_count":1}},"data":[{"relationships":{"owned_by":{"data":{"type":"users","id":"o"}}},)"
        R"("attributes":{"scopes":["a"],"name":"n"},"type":"service_access_tokens","id":"t1"}]})");

    ASSERT_EQ(page.tokens.size(), 1U);
    EXPECT_EQ(page.tokens.front().type, TokenType::service);
    EXPECT_EQ(page.tokens.front().owner_type, OwnerType::user);
    EXPECT_THAT(page.tokens.front().scopes, ElementsAre("a"));
}

TEST(PageParser, TellsTokenAndOwnerTypesApart) {
    const Page page = parse_page_of(R"({"data":[
      {"id":"1","type":"personal_access_tokens","relationships":{"owned_by":{"data":{"id":"a","type":"users"}}}},
      {"id":"2","type":"service_access_tokens","relationships":{"owned_by":{"data":{"id":"a","type":"service_account"}}}},
      {"id":"3","type":"robot_access_tokens","relationships":{"owned_by":{"data":{"id":"a","type":"robots"}}}},
      {"id":"4","relationships":{"owned_by":{"data":{"id":"a"}}}},
      {"id":"5","relationships":{"owned_by":{"data":null}}},
      {"id":"6","relationships":{"owned_by":null}}]})");

    ASSERT_EQ(page.tokens.size(), 6U);
    EXPECT_EQ(page.tokens[0].type, TokenType::personal);
    EXPECT_EQ(page.tokens[0].owner_type, OwnerType::user);
    EXPECT_EQ(page.tokens[1].type, TokenType::service);
    EXPECT_EQ(page.tokens[1].owner_type, OwnerType::service_account);
    EXPECT_EQ(page.tokens[2].type, TokenType::other);
    EXPECT_EQ(page.tokens[2].owner_type, OwnerType::other);
    EXPECT_EQ(page.tokens[3].owner_type, OwnerType::other);
    EXPECT_EQ(page.tokens[4].owner_type, OwnerType::unknown);
    EXPECT_EQ(page.tokens[5].owner_type, OwnerType::unknown);
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, NullAndAbsentDatesAreNone) {
    const Page page = one_token(R"("expires_at":null)");

    EXPECT_TRUE(page.tokens.at(0).expires_at.is_none());
    EXPECT_TRUE(page.tokens.at(0).last_used_at.is_none());
    EXPECT_EQ(all_unparsed(page), 0U);
}

TEST(PageParser, AMalformedDateIsUnreadableAndNotNever) {
    for (const auto* value :
         {R"("soon")", R"("")", "1704067200", "true", "{}", R"(["2024-01-01T00:00:00Z"])"}) {
        const Page page = one_token(fmt::format(R"("name":"n","expires_at":{},"scopes":["s"])", value));

        ASSERT_EQ(page.tokens.size(), 1U) << value;
        EXPECT_TRUE(page.tokens[0].expires_at.is_unreadable()) << value;
        EXPECT_EQ(page.tokens[0].name, "n") << value;
        EXPECT_THAT(page.tokens[0].scopes, ElementsAre("s")) << value;
        EXPECT_EQ(unparsed(page, Field::expires_at), 1U) << value;
        EXPECT_EQ(all_unparsed(page), 1U) << value;
    }
}

struct NoDate {
    std::string name;
    std::string text;
};

/// The zero date that clients in many languages write when there is no date.
class APlaceholder : public testing::TestWithParam<NoDate> {};

TEST_P(APlaceholder, IsAnUnparsedDateInAnyField) {
    const Page page = one_token(
        fmt::format(R"("created_at":"{0}","expires_at":"{0}","last_used_at":"{0}","modified_at":"{0}")",
                    GetParam().text));

    ASSERT_EQ(page.tokens.size(), 1U);
    EXPECT_TRUE(page.tokens[0].created_at.is_none());
    EXPECT_TRUE(page.tokens[0].expires_at.is_none());
    EXPECT_TRUE(page.tokens[0].last_used_at.is_none());
    EXPECT_TRUE(page.tokens[0].modified_at.is_none());
    EXPECT_EQ(unparsed(page, Field::created_at), 1U);
    EXPECT_EQ(unparsed(page, Field::expires_at), 1U);
    EXPECT_EQ(unparsed(page, Field::last_used_at), 1U);
    EXPECT_EQ(unparsed(page, Field::modified_at), 1U);
}

INSTANTIATE_TEST_SUITE_P(Spellings, APlaceholder,
                         testing::Values(NoDate{"ZeroOfGo", "0001-01-01T00:00:00Z"},
                                         NoDate{"ZeroOfGoWithFraction", "0001-01-01T00:00:00.000Z"},
                                         NoDate{"ZeroOfGoWithOffset", "0001-01-01T00:00:00+00:00"},
                                         NoDate{"ZeroOfGoWithoutColon", "0001-01-01T00:00:00+0000"},
                                         NoDate{"ZeroOfGoWithoutZone", "0001-01-01T00:00:00"},
                                         NoDate{"ZeroOfGoEastOfGreenwich", "0001-01-01T00:00:00+09:00"},
                                         NoDate{"ZeroOfGoWestOfGreenwich", "0001-01-01T00:00:00-08:00"},
                                         NoDate{"EndOfYearOne", "0001-12-31T23:59:59.999999Z"},
                                         NoDate{"YearZero", "0000-01-01T00:00:00Z"},
                                         NoDate{"Epoch", "1970-01-01T00:00:00Z"},
                                         NoDate{"EpochWithFraction", "1970-01-01T00:00:00.000000Z"},
                                         NoDate{"EpochWithOffset", "1970-01-01T00:00:00+00:00"},
                                         NoDate{"EpochWithoutColon", "1970-01-01T00:00:00+0000"},
                                         NoDate{"EpochWithoutZone", "1970-01-01T00:00:00"},
                                         NoDate{"EpochEastOfGreenwich", "1970-01-01T01:00:00+01:00"},
                                         NoDate{"EpochWestOfGreenwich", "1969-12-31T16:00:00-08:00"}),
                         [](const auto& test) { return test.param.name; });

TEST(PageParser, DatesNearPlaceholdersAreValid) {
    for (const auto* text : {"0002-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00.000001Z",
                             "1970-01-01T00:00:01Z", "9999-12-31T23:59:59Z"}) {
        const Page page = one_token(fmt::format(R"("expires_at":"{}")", text));

        EXPECT_EQ(page.tokens.at(0).expires_at, Date::at(*base::parse_rfc3339(text))) << text;
        EXPECT_EQ(all_unparsed(page), 0U) << text;
    }
}

struct BadField {
    std::string name;
    std::string token;
    Field field;
};

class BadFieldCostsTheField : public testing::TestWithParam<BadField> {};

TEST_P(BadFieldCostsTheField, AndIsCountedOnce) {
    const Page page = parse_page_of(fmt::format(R"({{"data":[{},{{"id":"next"}}]}})", GetParam().token));

    ASSERT_EQ(page.tokens.size(), 2U);
    EXPECT_EQ(page.tokens[0].id, "t1");
    EXPECT_EQ(page.tokens[1].id, "next");
    EXPECT_EQ(unparsed(page, GetParam().field), 1U);
    EXPECT_EQ(all_unparsed(page), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadFieldCostsTheField,
    testing::Values(
        BadField{"NumericType", R"({"id":"t1","type":7})", Field::type},
        BadField{"ObjectAsType", R"({"id":"t1","type":{}})", Field::type},
        BadField{"NumericName", R"({"id":"t1","attributes":{"name":1}})", Field::name},
        BadField{"ObjectAsName", R"({"id":"t1","attributes":{"name":{"a":1}}})", Field::name},
        BadField{"BooleanPublicPortion", R"({"id":"t1","attributes":{"public_portion":true}})",
                 Field::public_portion},
        BadField{"ScopesAsText", R"({"id":"t1","attributes":{"scopes":"a,b"}})", Field::scopes},
        BadField{"ScopesAsObject", R"({"id":"t1","attributes":{"scopes":{"a":true}}})", Field::scopes},
        BadField{"NumbersAmongScopes", R"({"id":"t1","attributes":{"scopes":["a",1,null,{},[]]}})",
                 Field::scopes},
        BadField{"CreatedAt", R"({"id":"t1","attributes":{"created_at":"x"}})", Field::created_at},
        BadField{"LastUsedAt", R"({"id":"t1","attributes":{"last_used_at":[]}})", Field::last_used_at},
        BadField{"ModifiedAt", R"({"id":"t1","attributes":{"modified_at":123456789012345678901234567890}})",
                 Field::modified_at},
        BadField{"OwnedByAsText", R"({"id":"t1","relationships":{"owned_by":"me"}})", Field::owned_by},
        BadField{"OwnedByAsArray", R"({"id":"t1","relationships":{"owned_by":[]}})", Field::owned_by},
        BadField{"OwnerAsText", R"({"id":"t1","relationships":{"owned_by":{"data":"me"}}})", Field::owned_by},
        BadField{"OwnerAsArray", R"({"id":"t1","relationships":{"owned_by":{"data":[]}}})", Field::owned_by},
        BadField{"NumericOwnerId",
                 R"({"id":"t1","relationships":{"owned_by":{"data":{"id":1,"type":"users"}}}})",
                 Field::owned_by},
        BadField{"LeakAsText", R"({"id":"t1","relationships":{"leak_information":"yes"}})",
                 Field::leak_information},
        BadField{"LeakDataAsFlag", R"({"id":"t1","relationships":{"leak_information":{"data":true}}})",
                 Field::leak_information}),
    [](const auto& test) { return test.param.name; });

TEST(PageParser, ABadTokenCostsThatToken) {
    const Page page = parse_page_of(
        R"({"data":[{"id":"a"},null,7,"text",[],{},{"id":""},{"id":12},{"id":null},{"id":"b"}]})");

    ASSERT_EQ(page.tokens.size(), 2U);
    EXPECT_EQ(page.tokens[0].id, "a");
    EXPECT_EQ(page.tokens[1].id, "b");
    EXPECT_EQ(page.facts.elements, 10U);
    EXPECT_EQ(unparsed(page, Field::token), 8U);
}

TEST(PageParser, ReadableScopesAreKeptBesideUnreadableOnes) {
    const Page page = one_token(R"("scopes":["a",1,"b"])");

    EXPECT_THAT(page.tokens.at(0).scopes, ElementsAre("a", "b"));
    EXPECT_FALSE(page.tokens.at(0).scopes_readable);
}

TEST(PageParser, EachTokenKeepsItsOwnScopes) {
    const Page page = parse_page_of(R"({"data":[{"id":"1","attributes":{"scopes":["a","b"]}},{"id":"2"},)"
                                    R"({"id":"3","attributes":{"scopes":["c"]}}]})");

    EXPECT_THAT(page.tokens.at(0).scopes, ElementsAre("a", "b"));
    EXPECT_THAT(page.tokens.at(1).scopes, IsEmpty());
    EXPECT_THAT(page.tokens.at(2).scopes, ElementsAre("c"));
}

TEST(PageParser, ReadsHundredsOfScopesOnOneToken) {
    std::string scopes;
    for (int i = 0; i < 350; ++i) {
        scopes += fmt::format("{}\"scope_{}\"", i == 0 ? "" : ",", i);
    }
    const Page page = one_token(fmt::format(R"("scopes":[{}])", scopes));

    ASSERT_EQ(page.tokens.at(0).scopes.size(), 350U);
    EXPECT_EQ(page.tokens.at(0).scopes[349], "scope_349");
}

TEST(PageParser, TellsLeakedFromNotLeakedFromUnknown) {
    const Page page = parse_page_of(R"({"data":[
      {"id":"1","relationships":{"leak_information":{"data":{"id":"k","type":"leaked_keys"}}}},
      {"id":"2","relationships":{"leak_information":{"data":null}}},
      {"id":"3","relationships":{"leak_information":{}}},
      {"id":"4","relationships":{"leak_information":null}},
      {"id":"5","relationships":{}}],
      "included":[{"type":"leaked_keys","id":"k","attributes":{"date":"2025-01-01T00:00:00Z","leak_source":"github"}}]})");

    EXPECT_EQ(page.tokens.at(0).leak, Leak::leaked);
    EXPECT_EQ(page.tokens.at(1).leak, Leak::none);
    EXPECT_EQ(page.tokens.at(2).leak, Leak::unknown);
    EXPECT_EQ(page.tokens.at(3).leak, Leak::unknown);
    EXPECT_EQ(page.tokens.at(4).leak, Leak::unknown);
    EXPECT_EQ(all_unparsed(page), 0U);
}

struct Total {
    std::string name;
    std::string json;
    std::optional<std::uint64_t> value;
    std::uint64_t unparsed;
};

class ReportedTotal : public testing::TestWithParam<Total> {};

TEST_P(ReportedTotal, IsAWholeNumberOrUnparsed) {
    const Page page = parse_page_of(
        fmt::format(R"({{"data":[],"meta":{{"page":{{"total_filtered_count":{}}}}}}})", GetParam().json));

    EXPECT_EQ(page.facts.total_filtered_count, GetParam().value);
    EXPECT_EQ(unparsed(page, Field::total_filtered_count), GetParam().unparsed);
}

INSTANTIATE_TEST_SUITE_P(
    Totals, ReportedTotal,
    testing::Values(Total{"Zero", "0", 0, 0}, Total{"Number", "423", 423, 0},
                    Total{"Null", "null", std::nullopt, 0}, Total{"WholeFloat", "423.0", 423, 0},
                    Total{"Exponent", "1e3", 1000, 0}, Total{"Fraction", "1.5", std::nullopt, 1},
                    Total{"Negative", "-1", std::nullopt, 1}, Total{"Text", R"("423")", std::nullopt, 1},
                    Total{"Flag", "true", std::nullopt, 1}, Total{"Object", "{}", std::nullopt, 1},
                    Total{"LargestWhole", "18446744073709551615", 18446744073709551615U, 0},
                    Total{"BeyondSixtyFourBits", "18446744073709551616", std::nullopt, 1}),
    [](const auto& test) { return test.param.name; });

struct BadPage {
    std::string name;
    std::string body;
    ErrorKind kind;
    std::string message;
};

class BadPageIsAnError : public testing::TestWithParam<BadPage> {};

TEST_P(BadPageIsAnError, OfThePage) {
    const auto page = parse(GetParam().body);

    ASSERT_FALSE(page);
    EXPECT_EQ(label(page.error().kind), label(GetParam().kind));
    EXPECT_THAT(page.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Pages, BadPageIsAnError,
    testing::Values(
        BadPage{"Empty", "", ErrorKind::not_json, "empty"},
        BadPage{"Blank", " \n", ErrorKind::not_json, "not JSON"},
        BadPage{"Html", "<html></html>", ErrorKind::not_json, "at byte 0"},
        BadPage{"Truncated", R"({"data":[{"id":"a"},{"id":"b)", ErrorKind::not_json, "not JSON at byte"},
        BadPage{"TruncatedAfterAToken", R"({"data":[{"id":"a"})", ErrorKind::not_json, "not JSON at byte"},
        BadPage{"TrailingGarbage", R"({"data":[]} x)", ErrorKind::not_json, "not JSON at byte"},
        BadPage{"TwoDocuments", R"({"data":[]}{"data":[]})", ErrorKind::not_json, "not JSON at byte"},
        BadPage{"HiddenBehindNul", std::string("{\"data\":[]}\0garbage", 18), ErrorKind::not_json, "NUL"},
        BadPage{"NoData", R"({"meta":{}})", ErrorKind::bad_page, "no `data`"},
        BadPage{"NullData", R"({"data":null})", ErrorKind::bad_page, "no `data`"},
        BadPage{"ObjectData", R"({"data":{"id":"a"}})", ErrorKind::bad_page, "no `data`"},
        BadPage{"TextData", R"({"data":"none"})", ErrorKind::bad_page, "no `data`"},
        BadPage{"ArrayAtTheTop", R"([{"data":[]}])", ErrorKind::bad_page, "no `data`"},
        BadPage{"NullAtTheTop", "null", ErrorKind::bad_page, "no `data`"},
        BadPage{"DataOnlyDeeper", R"({"a":{"data":[]}})", ErrorKind::bad_page, "no `data`"},
        BadPage{"ErrorsInA200", R"({"errors":["Forbidden"]})", ErrorKind::bad_page, "errors: Forbidden"},
        BadPage{"ErrorObjectsInA200", R"({"data":[],"errors":[{"title":"Oops"}]})", ErrorKind::bad_page,
                "errors: Oops"},
        BadPage{"AllWordsOfErrorsInA200", R"({"errors":[{"title":"Bad","detail":"size"},"b"],"data":[]})",
                ErrorKind::bad_page, "errors: Bad: size; b"}),
    [](const auto& test) { return test.param.name; });

TEST(PageParser, AnEmptyErrorsArrayIsNoError) {
    EXPECT_TRUE(parse(R"({"data":[],"errors":[]})"));
}

TEST(PageParser, RefusesNumbersThatOverflowADouble) {
    const auto page = parse(R"({"data":[],"new":1e400})");

    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind, ErrorKind::not_json);
}

TEST(PageParser, ReplacesALoneSurrogate) {
    const std::pair<const char*, const char*> names[] = {
        {R"(x\ud83d)", "x\uFFFD"},
        {R"(\uDC00\ud800)", "\uFFFD\uFFFD"},
        {R"(\ud83d\ud83d\ude00)", "\uFFFD\U0001F600"},
        {R"(\ud83d\u0041)", "\uFFFDA"},
        {R"(\ud83dx)", "\uFFFDx"},
        {R"(\ud83d\n)", "\uFFFD\n"},
        {R"(\ud83d\ude00)", "\U0001F600"},
        {R"(\\ud83d)", "\\ud83d"},
        {R"(\\\ud83d)", "\\\uFFFD"},
    };
    for (const auto& [escaped, name] : names) {
        const Page page = one_token(fmt::format(R"("name":"{}","scopes":["{}"])", escaped, escaped));
        ASSERT_EQ(page.tokens.size(), 1U) << escaped;
        EXPECT_EQ(page.tokens.front().name, name) << escaped;
        EXPECT_THAT(page.tokens.front().scopes, ElementsAre(name)) << escaped;
    }
}

TEST(PageParser, ABrokenEscapeIsNotJson) {
    for (const auto* body :
         {R"({"data":["\ud83)", R"({"data":["\uD8ZZ"]})", R"({"data":[\ud83d]})", R"({"data":[]}\)"}) {
        const auto page = parse(body);
        ASSERT_FALSE(page) << body;
        EXPECT_EQ(page.error().kind, ErrorKind::not_json) << body;
    }
}

TEST(PageParser, AByteOrderMarkIsSkipped) {
    EXPECT_TRUE(parse("\xEF\xBB\xBF{\"data\":[]}"));
}

/// Pages with `value` in every place where the parser skips or reads a container.
std::vector<std::string> pages_with(const std::string& value) {
    return {fmt::format(R"({{"deep":{},"data":[]}})", value),
            fmt::format(R"({{"data":{}}})", value),
            fmt::format(R"({{"data":[{}]}})", value),
            fmt::format(R"({{"data":[],"meta":{}}})", value),
            fmt::format(R"({{"data":[{{"id":"a","attributes":{{"scopes":[{}]}}}}]}})", value),
            value};
}

TEST(PageParser, NestingOf65LevelsIsABadPage) {
    for (const auto& [opening, closing] : {std::pair{"[", "]"}, std::pair{R"({"a":)", "}"}}) {
        std::string deep = "0";
        for (int level = 0; level < 65; ++level) {
            deep = opening + deep + closing;
        }
        for (const std::string& page : pages_with(deep)) {
            const auto refused = parse(page);
            ASSERT_FALSE(refused) << page;
            EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
            EXPECT_EQ(refused.error().message, "nesting of more than 64 levels");
        }
    }
}

TEST(PageParser, AcceptsNestingOf64LevelsIfUnused) {
    const std::string deep = std::string(63, '[') + std::string(63, ']');  // Inside the page's own object.

    EXPECT_TRUE(parse(fmt::format(R"({{"deep":{},"data":[{{"id":"a"}}]}})", deep)));
    EXPECT_FALSE(parse(fmt::format(R"({{"deep":[{}],"data":[{{"id":"a"}}]}})", deep)));
}

/// The parser must not look for the end: each opening bracket would cost eight bytes of memory.
TEST(PageParser, StopsReadingAtTheNestingLimit) {
    const auto refused = parse(std::string(1'000'000, '['));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
}

std::string repeated(const std::string& element, std::size_t times) {
    std::string list;
    for (std::size_t i = 0; i < times; ++i) {
        list += (i == 0 ? "" : ",") + element;
    }
    return list;
}

TEST(PageParser, AcceptsUpTo1000Rows) {
    const auto page_of = [](std::size_t rows) {
        return parse(fmt::format(R"({{"data":[{}]}})", repeated(R"({"id":"a"})", rows)));
    };

    ASSERT_TRUE(page_of(1000));
    const auto refused = page_of(1001);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
    EXPECT_EQ(refused.error().message, "a page of more than 1000 rows or 100000 scopes");
}

TEST(PageParser, LimitsInvalidRowsToo) {
    EXPECT_FALSE(parse(fmt::format(R"({{"data":[{}]}})", repeated("1", 1001))));
    EXPECT_FALSE(parse(fmt::format(R"({{"data":[{}]}})", repeated("[]", 1001))));
}

TEST(PageParser, StopsReadingAtTheRowLimit) {
    const auto refused = parse(fmt::format(R"({{"data":[{},)", repeated(R"({"id":"a"})", 1001)));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_page) << "not the error of a truncated page";
}

TEST(PageParser, AcceptsUpTo100000Scopes) {
    const auto page_of = [](std::size_t scopes) {
        return parse(fmt::format(R"({{"data":[{{"id":"a","attributes":{{"scopes":[{}]}}}}]}})",
                                 repeated(R"("x")", scopes)));
    };

    ASSERT_TRUE(page_of(100'000));
    const auto refused = page_of(100'001);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_page);
}

TEST(PageParser, EscapesAreDecoded) {
    const Page page = one_token(R"("name":"a\"b\\c\u00e9\n\u0000z")");

    EXPECT_EQ(page.tokens.at(0).name, std::string_view("a\"b\\c\xC3\xA9\n\0z", 10));
}

TEST(PageParser, TheLastOfDuplicateMembersCounts) {
    const Page page = one_token(R"("name":"first","name":"last","scopes":["a"],"scopes":["b"])");

    EXPECT_EQ(page.tokens.at(0).name, "last");
    EXPECT_THAT(page.tokens.at(0).scopes, ElementsAre("b"));
}

TEST(PageParser, AMovedPageKeepsItsTexts) {
    Page page = parse_page_of(documented);
    const Page moved = std::move(page);

    EXPECT_EQ(moved.tokens.at(0).name, "My Access Token");
    EXPECT_THAT(moved.tokens.at(0).scopes, ElementsAre("dashboards_read", "dashboards_write"));
}

}  // namespace
}  // namespace exporter::datadog
