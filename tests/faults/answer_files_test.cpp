// Runs whole polls against the responses in tests/datadog/answers and against similar ones.
#include "faults/fault_server.h"
#include "faults/monitored.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace exporter::faults {
namespace {

using datadog::ErrorKind;
using datadog::Field;
using support::RawConnection;
using testing::HasSubstr;
using testing::Not;

const std::filesystem::path folder = ANSWERS_FOLDER;

std::string bytes_of(const std::string& file) {
    std::ifstream in(folder / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// An organization whose server sends this response, with request counts.
class Served {
  public:
    explicit Served(std::function<std::string(const Request&)> answer) {
        server_.set_fault(
            [this, answer = std::move(answer)](RawConnection& connection, const Request& request) {
                readings_ += request.page == 0 ? 1U : 0U;
                connection.send(answer(request));
                return Then::keep_alive;
            });
    }

    [[nodiscard]] std::size_t requests() const { return server_.requests(); }
    /// How often the first page was requested.
    [[nodiscard]] std::size_t readings() const { return readings_; }

  private:
    std::atomic<std::size_t> readings_ = 0;
    FaultServer server_;

  public:
    Monitored monitored{server_.port()};
};

Served serving(const std::string& file) {
    return Served([bytes = bytes_of(file)](const Request&) { return bytes; });
}

struct FileCase {
    std::string file;
    std::optional<ErrorKind> reason;  ///< why the poll publishes nothing
    std::size_t tokens = 0;
};

void PrintTo(const FileCase& row, std::ostream* out) {
    *out << row.file;
}

std::vector<FileCase> files() {
    return {
        {"date-epoch.http", {}, 1},
        {"date-offset-without-colon.http", {}, 1},
        {"date-without-zone.http", {}, 1},
        {"date-zero-year.http", {}, 1},
        {"ok-after-102-and-100-with-a-header.http", {}, 3},
        {"ok-after-103.http", {}, 3},
        {"ok-chunk-extension.http", {}, 3},
        {"ok-chunked-with-declared-trailer.http", {}, 3},
        {"ok-chunked-with-trailer.http", {}, 3},
        {"ok-gzip-of-two-members.http", {}, 3},
        {"ok-gzip-upper-case.http", {}, 3},
        {"ok-gzip-with-trailing-zeros.http", {}, 3},
        {"ok-plain.http", {}, 3},
        {"ok-same-length-twice.http", {}, 3},
        {"ok-x-gzip.http", {}, 3},
        {"refused-gzip-half-an-end.http", ErrorKind::network},
        {"refused-gzip-without-its-end.http", ErrorKind::network},
        {"refused-two-different-lengths.http", ErrorKind::network},
        {"refused-unknown-coding.http", ErrorKind::bad_page},
        {"rows-with-numbers-as-ids.http", ErrorKind::bad_page},
        {"rows-without-ids.http", ErrorKind::bad_page},
    };
}

class AnswerFile : public testing::TestWithParam<FileCase> {};

TEST_P(AnswerFile, IsPublishedWholeOrNotAtAll) {
    const FileCase& row = GetParam();
    Served served = serving(row.file);

    const bool published = served.monitored.poll();

    ASSERT_EQ(published, !row.reason) << served.monitored.log();
    EXPECT_LE(served.requests(), 4 * served.readings());
    const auto snapshot = served.monitored.snapshot();
    if (row.reason) {
        EXPECT_EQ(served.monitored.failures(*row.reason), 1U) << served.monitored.log();
        EXPECT_EQ(snapshot.inventory, nullptr);
    } else {
        EXPECT_EQ(served.requests(), 1U);
        EXPECT_EQ(snapshot.inventory->tokens, row.tokens);
        EXPECT_TRUE(snapshot.statistics.listing->complete);
    }
}

INSTANTIATE_TEST_SUITE_P(Files, AnswerFile, testing::ValuesIn(files()), [](const auto& test) {
    std::string name;
    for (const char byte : std::filesystem::path(test.param.file).stem().string()) {
        name += byte == '-' ? '_' : byte;
    }
    return name;
});

/// How many tokens of a one-token listing are in this bucket.
inventory::Count in_bucket(const std::vector<std::string>& names, const std::string& name,
                           const inventory::ByBucket& counts) {
    const auto& buckets = counts.at(datadog::TokenType::service, datadog::OwnerType::service_account);
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? 0 : buckets.at(static_cast<std::size_t>(found - names.begin()));
}

TEST(PlaceholderDates, CountAsMissing) {
    for (const char* const file : {"date-zero-year.http", "date-epoch.http"}) {
        Served served = serving(file);
        ASSERT_TRUE(served.monitored.poll()) << served.monitored.log();

        const auto snapshot = served.monitored.snapshot();

        const inventory::Inventory& inventory = *snapshot.inventory;
        EXPECT_EQ(in_bucket(inventory.expiry_buckets, "never", inventory.by_expiry), 1U) << file;
        EXPECT_EQ(in_bucket(inventory.last_used_buckets, "never", inventory.by_last_use), 1U) << file;
        EXPECT_EQ(in_bucket(inventory.age_buckets, "unknown", inventory.by_age), 1U) << file;
        const auto pair = [](const auto& by_owner) {
            return by_owner.at(datadog::TokenType::service, datadog::OwnerType::service_account);
        };
        EXPECT_EQ(pair(inventory.oldest_creation), std::nullopt) << file;
        for (const auto finding :
             {inventory::Finding::lifetime_over_policy, inventory::Finding::expired_still_listed}) {
            EXPECT_EQ(pair(inventory.at_risk[static_cast<std::size_t>(finding)]), 0U)
                << file << ": " << inventory::row_of(finding).reason;
        }
        for (const Field field : {Field::created_at, Field::expires_at, Field::last_used_at}) {
            EXPECT_EQ(snapshot.statistics.unparsed[static_cast<std::size_t>(field)], 1U) << file;
        }
    }
}

/// The second page for a file whose listing has 200 tokens: the same 100 rows with other IDs.
std::string second_page_of(std::string bytes) {
    constexpr std::string_view id = R"({"id":"00000000-0000-4000-8000-0000000000)";
    for (auto at = bytes.find(id); at != std::string::npos; at = bytes.find(id, at + 1)) {
        bytes[at + id.size() - 1] = '1';
    }
    return bytes;
}

TEST(CreationInTheFuture, StillGivesACompleteScan) {
    const std::string first = bytes_of("created-in-the-future.http");
    Served served([&first](const Request& request) {
        return request.page == 0   ? first
               : request.page == 1 ? second_page_of(first)
                                   : response("200 OK", page_json(0, 0, total("200")));
    });
    for (std::size_t poll = 1; poll <= 2; ++poll) {
        ASSERT_TRUE(served.monitored.poll()) << served.monitored.log();

        const auto snapshot = served.monitored.snapshot();
        EXPECT_EQ(served.readings(), poll);
        EXPECT_LE(served.requests(), 3 * poll);
        EXPECT_EQ(snapshot.inventory->tokens, 200U);
        EXPECT_TRUE(snapshot.statistics.listing->complete) << served.monitored.log();
    }
}

struct RowsCase {
    std::string name;
    std::string rows;  ///< on every page
    std::string meta;
    bool any_readable = false;  ///< if true, the test only checks that the scan ends
};

void PrintTo(const RowsCase& row, std::ostream* out) {
    *out << row.name;
}

/// A full page of 100 rows.
std::string hundred(std::string_view row) {
    std::string rows(row);
    for (std::size_t i = 1; i < page_size; ++i) {
        rows += "," + std::string(row);
    }
    return rows;
}

class UnreadableRows : public testing::TestWithParam<RowsCase> {};

TEST_P(UnreadableRows, OnEveryPageEndTheScan) {
    const RowsCase& row = GetParam();
    Served served([&row](const Request&) {
        return response("200 OK",
                        R"({"data":[)" + row.rows + "]" + (row.meta.empty() ? "" : "," + row.meta) + "}");
    });

    const bool published = served.monitored.poll();

    EXPECT_LE(served.readings(), 3U);
    EXPECT_LE(served.requests(), 4 * served.readings());
    if (!row.any_readable) {
        EXPECT_FALSE(published);
        EXPECT_EQ(served.monitored.failures(ErrorKind::bad_page), 1U) << served.monitored.log();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UnreadableRows,
    testing::Values(
        RowsCase{"EmptyObjects", hundred("{}"), total("21000")},
        RowsCase{"EmptyObjectsWithoutATotal", hundred("{}"), ""},
        RowsCase{"EmptyObjectsWithATotalOfZero", hundred("{}"), total("0")},
        RowsCase{"AsManyAsTheTotal", hundred("{}"), total("100")},
        RowsCase{"FewerThanAPage", "{},{},{}", total("21000")},
        RowsCase{"FewerThanAPageWithoutATotal", "{},{}", ""},
        RowsCase{"Texts", hundred(R"("00000000-0000-4000-8000-000000000001")"), total("21000")},
        RowsCase{"Nulls", hundred("null"), total("21000")}, RowsCase{"Numbers", hundred("7"), total("21000")},
        RowsCase{"Booleans", hundred("true"), total("21000")},
        RowsCase{"Arrays", hundred(R"(["id","a"])"), total("21000")},
        RowsCase{"IdsThatAreNumbers", hundred(R"({"id":7})"), total("21000")},
        RowsCase{"IdsThatAreNull", hundred(R"({"id":null})"), total("21000")},
        RowsCase{"IdsThatAreObjects", hundred(R"({"id":{"id":"a"}})"), total("21000")},
        RowsCase{"IdsThatAreEmpty", hundred(R"({"id":""})"), total("21000")},
        RowsCase{"IdsInTheWrongPlace", hundred(R"({"attributes":{"id":"a"}})"), total("21000")},
        RowsCase{"OfManyKinds", R"({},null,7,"a",[],{"id":7},true)", total("21000")},
        RowsCase{"BesideTheSameToken", hundred("{}").replace(0, 2, R"({"id":"a"})"), total("21000"), true},
        RowsCase{"BesideTheSameTokenWithoutATotal", hundred("{}").replace(0, 2, R"({"id":"a"})"), "", true},
        RowsCase{"TheSameTokenAlone", R"({"id":"a"})", total("21000"), true}),
    [](const auto& test) { return test.param.name; });

TEST(UnreadablePages, AfterAGoodOneEndTheScan) {
    Served served([](const Request& request) {
        return response("200 OK", request.page == 0
                                      ? page_json(0, page_size, total("21000"))
                                      : R"({"data":[)" + hundred("{}") + "]," + total("21000") + "}");
    });

    // There is no earlier inventory that an incomplete one could replace.
    EXPECT_TRUE(served.monitored.poll());

    EXPECT_LE(served.requests(), 4 * served.readings());
    EXPECT_FALSE(served.monitored.snapshot().statistics.listing->complete);
}

// Each page has a new token, and its 1 MiB keeps the poll from reaching the token limit in time.
TEST(EndlessPages, AreNotBlamedOnASlowApi) {
    Served served([](const Request& request) {
        return response(
            "200 OK", page_json(request.page, request.page + 1, "") + std::string(std::size_t{1} << 20, ' '));
    });

    EXPECT_FALSE(served.monitored.poll());

    EXPECT_THAT(served.monitored.log(), Not(HasSubstr("network is slow")));
}

}  // namespace
}  // namespace exporter::faults
