// Every file in answers/ once caused a failure. Checks the outcome of each.
#include "base/dates.h"
#include "datadog/answer_case.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace exporter::datadog {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

const std::filesystem::path folder = ANSWERS_FOLDER;

std::string bytes_of(const std::string& file) {
    std::ifstream in(folder / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct FileCase {
    std::string file;
    Expected expected;
};

std::vector<FileCase> files() {
    return {
        {"created-in-the-future.http", page_of(100)},
        {"date-epoch.http", page_of(1)},
        {"date-offset-without-colon.http", page_of(1)},
        {"date-without-zone.http", page_of(1)},
        {"date-zero-year.http", page_of(1)},
        {"ok-after-102-and-100-with-a-header.http", page_of()},
        {"ok-after-103.http", page_of()},
        {"ok-chunk-extension.http", page_of()},
        {"ok-chunked-with-declared-trailer.http", page_of()},
        {"ok-chunked-with-trailer.http", page_of()},
        {"ok-gzip-of-two-members.http", page_of()},
        {"ok-gzip-upper-case.http", page_of()},
        {"ok-gzip-with-trailing-zeros.http", page_of()},
        {"ok-plain.http", page_of()},
        {"ok-same-length-twice.http", page_of()},
        {"ok-x-gzip.http", page_of()},
        {"refused-gzip-half-an-end.http", error(ErrorKind::network)},
        {"refused-gzip-without-its-end.http", error(ErrorKind::network)},
        {"refused-two-different-lengths.http", error(ErrorKind::network)},
        {"refused-unknown-coding.http", error(ErrorKind::bad_page, "zstd2")},
        {"rows-with-numbers-as-ids.http", page_of(0)},
        {"rows-without-ids.http", page_of(0)},
    };
}

std::vector<AnswerCase> file_cases() {
    std::vector<AnswerCase> rows;
    for (const FileCase& row : files()) {
        std::string name;
        for (const char byte : std::filesystem::path(row.file).stem().string()) {
            name += byte == '-' ? "" : std::string(1, byte);
        }
        rows.push_back({name, bytes_of(row.file), row.expected});
    }
    return rows;
}

class AnswerFile : public testing::TestWithParam<AnswerCase> {};

TEST_P(AnswerFile, IsReadCorrectly) {
    check(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Files, AnswerFile, testing::ValuesIn(file_cases()),
                         [](const auto& test) { return test.param.name; });

TEST(AnswerFiles, AreAllTested) {
    std::vector<std::string> there;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        there.push_back(entry.path().filename().string());
    }
    std::vector<std::string> tried;
    for (const FileCase& row : files()) {
        tried.push_back(row.file);
    }
    EXPECT_THAT(tried, UnorderedElementsAreArray(there));
}

/// The client's result for these bytes, with the connection left open.
Answer answer_to(const std::string& bytes) {
    support::RawServer server([&bytes](support::RawConnection& connection) {
        while (!connection.read_head().empty()) {
            connection.send(bytes);
        }
    });
    Client client(plain_http(server.port()));
    return ask(client);
}

std::uint64_t unparsed(const Answer& answer, Field field) {
    return answer.page->facts.unparsed[static_cast<std::size_t>(field)];
}

TEST(AnswerFiles, GiveTheSameTokensIfValid) {
    for (const FileCase& row : files()) {
        if (row.file.starts_with("ok-")) {
            const Answer answer = answer_to(bytes_of(row.file));
            ASSERT_TRUE(answer.page) << row.file << ": " << answer.page.error().message;
            std::vector<std::string_view> ids;
            for (const Token& token : answer.page->tokens) {
                ids.push_back(token.id);
            }
            EXPECT_THAT(ids, ElementsAre("00000000-0000-4000-8000-000000000001",
                                         "00000000-0000-4000-8000-000000000002",
                                         "00000000-0000-4000-8000-000000000003"))
                << row.file;
            EXPECT_EQ(answer.exchange.body_bytes, 1055U) << row.file;
        }
    }
}

TEST(AnswerFiles, HaveUnreadableRowsCounted) {
    EXPECT_EQ(unparsed(answer_to(bytes_of("rows-without-ids.http")), Field::token), 1U);
    EXPECT_EQ(unparsed(answer_to(bytes_of("rows-with-numbers-as-ids.http")), Field::token), 3U);
}

TEST(AnswerFiles, MayUseOtherDateNotations) {
    for (const char* const file : {"date-offset-without-colon.http", "date-without-zone.http"}) {
        const Answer answer = answer_to(bytes_of(file));
        ASSERT_TRUE(answer.page) << file;
        EXPECT_EQ(answer.page->tokens.at(0).expires_at.moment(), base::parse_rfc3339("2027-12-31T00:00:00Z"))
            << file;
        EXPECT_EQ(unparsed(answer, Field::expires_at), 0U) << file;
    }
}

/// A page with one token that has these dates.
std::string dated(std::string_view created, std::string_view expires, std::string_view used) {
    return ok_with_length("",
                          fmt::format(R"({{"data":[{{"id":"a","type":"service_access_tokens","attributes":{{)"
                                      R"("created_at":"{}","expires_at":"{}","last_used_at":"{}"}}}}]}})",
                                      created, expires, used));
}

void expect_no_dates(const Answer& answer, const std::string& what) {
    ASSERT_TRUE(answer.page) << what << ": " << answer.page.error().message;
    const Token& token = answer.page->tokens.at(0);
    EXPECT_TRUE(token.expires_at.is_none()) << what;
    EXPECT_TRUE(token.last_used_at.is_none()) << what;
    EXPECT_FALSE(token.created_at.moment()) << what;
    for (const Field field : {Field::created_at, Field::expires_at, Field::last_used_at}) {
        EXPECT_EQ(unparsed(answer, field), 1U) << what << ": " << label(field);
    }
}

TEST(PlaceholderDate, InAFileIsNoDate) {
    for (const char* const file : {"date-zero-year.http", "date-epoch.http"}) {
        expect_no_dates(answer_to(bytes_of(file)), file);
    }
}

TEST(PlaceholderDate, IsNoDateInAnyNotation) {
    for (const char* const date :
         {"0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00",
          "0001-01-01T00:00:00+0000", "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00+00:00",
          "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00", "1970-01-01T01:00:00+01:00",
          "1969-12-31T16:00:00-0800"}) {
        expect_no_dates(answer_to(dated(date, date, date)), date);
    }
}

struct Notation {
    const char* name;
    const char* text;
    const char* same;  ///< the same date in RFC 3339; nullptr: unreadable
};

class DateNotation : public testing::TestWithParam<Notation> {};

TEST_P(DateNotation, IsReadOrCountedInEveryField) {
    const Notation& row = GetParam();

    const Answer answer = answer_to(dated(row.text, row.text, row.text));

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    const auto moment = row.same == nullptr ? std::nullopt : base::parse_rfc3339(row.same);
    ASSERT_EQ(moment.has_value(), row.same != nullptr);
    const Token& token = answer.page->tokens.at(0);
    for (const Date& date : {token.created_at, token.expires_at, token.last_used_at}) {
        EXPECT_EQ(date.moment(), moment);
    }
    EXPECT_EQ(unparsed(answer, Field::created_at), moment ? 0U : 1U);
    EXPECT_EQ(unparsed(answer, Field::expires_at), moment ? 0U : 1U);
    EXPECT_EQ(unparsed(answer, Field::last_used_at), moment ? 0U : 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, DateNotation,
    testing::Values(Notation{"OffsetToTheEast", "2026-03-01T05:30:00+0530", "2026-03-01T00:00:00Z"},
                    Notation{"OffsetToTheWest", "2026-03-01T00:00:00-0800", "2026-03-01T08:00:00Z"},
                    Notation{"FractionAndOffset", "2026-03-01T00:00:00.250+0000", "2026-03-01T00:00:00.250Z"},
                    Notation{"FractionWithoutZone", "2026-03-01T00:00:00.250000", "2026-03-01T00:00:00.25Z"},
                    Notation{"SecondAfterTheEpoch", "1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z"},
                    Notation{"OffsetOfThreeDigits", "2026-03-01T00:00:00+000", nullptr},
                    Notation{"OffsetOfFiveDigits", "2026-03-01T00:00:00+00000", nullptr},
                    Notation{"OffsetBeyondADay", "2026-03-01T00:00:00+2500", nullptr},
                    Notation{"OffsetOfSeventyMinutes", "2026-03-01T00:00:00+0070", nullptr},
                    Notation{"SignAlone", "2026-03-01T00:00:00+", nullptr},
                    Notation{"TextForAZone", "2026-03-01T00:00:00 UTC", nullptr},
                    Notation{"FractionWithoutDigits", "2026-03-01T00:00:00.", nullptr},
                    Notation{"NoTime", "2026-03-01", nullptr}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::datadog
