// gzip as RFC 1952 defines it: members, their optional fields, checksums and ends.
#include "datadog/answer_case.h"
#include "support/gzip.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <mutex>
#include <string>
#include <vector>

namespace exporter::datadog {
namespace {

using namespace std::string_literals;
using support::gzip;
using support::gzip_with_fields;

class GzipAnswer : public testing::TestWithParam<AnswerCase> {};

TEST_P(GzipAnswer, IsReadPerTheStandard) {
    check(GetParam());
}

const auto name_of = [](const testing::TestParamInfo<AnswerCase>& info) { return info.param.name; };

std::string answer_of(std::string_view body) {
    return ok_with_length("Content-Encoding: gzip\r\n", body);
}

AnswerCase gzipped(std::string name, std::string_view body, Expected expected) {
    return {std::move(name), answer_of(body), std::move(expected)};
}

/// The page split over two members.
std::string in_two_members() {
    const std::string& page = three_tokens();
    return gzip(page.substr(0, page.size() / 2)) + gzip(page.substr(page.size() / 2));
}

/// The member with one of its bytes changed.
std::string with_byte_changed(std::string member, std::size_t at) {
    member[at] = static_cast<char>(member[at] ^ 0x55);
    return member;
}

std::vector<AnswerCase> members() {
    const std::string& page = three_tokens();
    const std::string whole = gzip(page);
    const std::string empty = gzip("");
    std::string one_byte_each;
    for (const char byte : page) {
        one_byte_each += gzip({&byte, 1});
    }
    std::string in_chunks_of_one;
    for (const char byte : whole) {
        in_chunks_of_one += chunk({&byte, 1});
    }
    return {
        gzipped("Two", in_two_members(), page_of()),
        gzipped("OneForEachByte", one_byte_each, page_of()),
        gzipped("AnEmptyOneFirst", empty + whole, page_of()),
        gzipped("AnEmptyOneLast", whole + empty, page_of()),
        gzipped("AnEmptyOneInTheMiddle", gzip(page.substr(0, 10)) + empty + gzip(page.substr(10)), page_of()),
        gzipped("TenThousandEmptyOnes", times(10'000, empty) + whole, page_of()),
        gzipped("TenThousandEmptyOnesAlone", times(10'000, empty), error(ErrorKind::not_json)),
        gzipped("OneEmptyOneAlone", empty, error(ErrorKind::not_json)),
        gzipped("ZerosBehind", whole + std::string(512, '\0'), page_of()),
        gzipped("AZeroBehind", whole + '\0', page_of()),
        gzipped("ZerosBehindTwo", in_two_members() + std::string(10'000, '\0'), page_of()),
        gzipped("ZerosAndThenOther", whole + "\0\0\0rest"s, error(ErrorKind::network)),
        gzipped("OtherBehind", whole + "rest", error(ErrorKind::network)),
        gzipped("APageBehind", whole + page, error(ErrorKind::network)),
        gzipped("OtherBefore", "rest" + whole, error(ErrorKind::network)),
        gzipped("ZerosBefore", "\0\0"s + whole, error(ErrorKind::network)),
        gzipped("NothingAtAll", "", either(ErrorKind::network, ErrorKind::not_json)),
        gzipped("ZerosAlone", std::string(40, '\0'), error(ErrorKind::network)),
        gzipped("APlainPage", page, error(ErrorKind::network)),
        gzipped("TwoPages", whole + whole, error(ErrorKind::not_json)),
        gzipped("ManyEmptyBlocks", support::gzip_after_empty_blocks(page, 20'000), page_of()),
        {"AChunkForEachByte", ok_chunked(in_chunks_of_one + "0\r\n\r\n", "Content-Encoding: gzip\r\n"),
         page_of()},
        {"AMemberForEachChunk",
         ok_chunked(chunk(gzip(page.substr(0, 10))) + chunk(gzip(page.substr(10))) + "0\r\n\r\n",
                    "Content-Encoding: gzip\r\n"),
         page_of()},
        {"TheEndOutsideTheLength",
         ok(fmt::format("Content-Encoding: gzip\r\nContent-Length: {}\r\n", whole.size() - 8), whole),
         error(ErrorKind::network)},
    };
}

INSTANTIATE_TEST_SUITE_P(Members, GzipAnswer, testing::ValuesIn(members()), name_of);

std::vector<AnswerCase> fields() {
    constexpr std::size_t method = 2;
    constexpr std::size_t flags = 3;
    const std::string& page = three_tokens();
    const std::string whole = gzip(page);
    const auto with = [&whole](std::size_t at, char byte) {
        std::string changed = whole;
        changed[at] = byte;
        return changed;
    };
    const auto refused = error(ErrorKind::network);
    return {
        gzipped("Text", gzip_with_fields(page, 1), page_of()),
        gzipped("HeaderChecksum", gzip_with_fields(page, 2), page_of()),
        gzipped("Extra", gzip_with_fields(page, 4), page_of()),
        gzipped("Name", gzip_with_fields(page, 8), page_of()),
        gzipped("Comment", gzip_with_fields(page, 16), page_of()),
        gzipped("All", gzip_with_fields(page, 31), page_of()),
        gzipped("AllInTheSecondMember", gzip(page.substr(0, 10)) + gzip_with_fields(page.substr(10), 31),
                page_of()),
        gzipped("TimeAndSystem", with(4, '\x7f').replace(8, 2, "\x02\x03"), page_of()),
        gzipped("WrongHeaderChecksum", with_byte_changed(gzip_with_fields(page, 2), 10), refused),
        gzipped("WrongHeaderChecksumInTheSecondMember",
                whole + with_byte_changed(gzip_with_fields("", 2), 10), refused),
        gzipped("WrongFirstByte", with_byte_changed(whole, 0), refused),
        gzipped("WrongSecondByte", with_byte_changed(whole, 1), refused),
        gzipped("UnknownMethod", with(method, 7), refused),
        gzipped("UnknownMethodInTheSecondMember",
                in_two_members().replace(gzip(page.substr(0, page.size() / 2)).size() + method, 1, "\x07"),
                refused),
        gzipped("ReservedFlag", with(flags, 0x20), refused),
        gzipped("ReservedFlags", with(flags, '\xe0'), refused),
        gzipped("WrongLastByteOfTheData", with_byte_changed(whole, whole.size() - 9), refused),
        gzipped("UnknownBlock", with(10, 7), refused),
        gzipped("Zlib", "\x78\x9c"s + whole.substr(10), refused),
    };
}

INSTANTIATE_TEST_SUITE_P(Fields, GzipAnswer, testing::ValuesIn(fields()), name_of);

/// Serves different bodies to the same client.
class Bodies {
  public:
    [[nodiscard]] Answer answer(std::string_view body) {
        {
            const std::lock_guard lock(mutex_);
            bytes_ = answer_of(body);
        }
        return ask(client_);
    }

  private:
    std::string bytes() {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }

    std::mutex mutex_;
    std::string bytes_;
    support::RawServer server_{[this](support::RawConnection& connection) {
        while (!connection.read_head().empty()) {
            connection.send(bytes());
        }
    }};
    Client client_{plain_http(server_.port())};
};

void expect_network_error(const Answer& answer, std::size_t at) {
    ASSERT_FALSE(answer.page) << at;
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::network))
        << at << ": " << answer.page.error().message;
}

TEST(GzipAnswerCut, AtAnyByteIsRefused) {
    const std::string whole = gzip(three_tokens());
    Bodies bodies;
    for (std::size_t size = 1; size < whole.size(); ++size) {
        expect_network_error(bodies.answer(whole.substr(0, size)), size);
    }
}

TEST(GzipAnswerCut, AtAnyByteOfASecondMemberIsRefused) {
    const std::string first = gzip(three_tokens());
    const std::string both = first + gzip("");  // The page is complete without the second member.
    Bodies bodies;
    ASSERT_TRUE(bodies.answer(both).page);
    for (std::size_t size = first.size() + 1; size < both.size(); ++size) {
        expect_network_error(bodies.answer(both.substr(0, size)), size);
    }
}

TEST(GzipAnswerCut, InsideASecondMemberWithDataIsRefused) {
    const std::string both = in_two_members();
    const std::size_t first = gzip(three_tokens().substr(0, three_tokens().size() / 2)).size();
    Bodies bodies;
    for (std::size_t size = first + 1; size < both.size(); ++size) {
        expect_network_error(bodies.answer(both.substr(0, size)), size);
    }
}

TEST(GzipAnswerChecksum, OrLengthWithAnyWrongByteIsRefused) {
    const std::string whole = gzip(three_tokens());
    const std::string both = whole + gzip(" ");
    Bodies bodies;
    ASSERT_TRUE(bodies.answer(both).page);
    for (std::size_t back = 1; back <= 8; ++back) {
        expect_network_error(bodies.answer(with_byte_changed(whole, whole.size() - back)), back);
        expect_network_error(bodies.answer(with_byte_changed(both, whole.size() - back)), back);
        expect_network_error(bodies.answer(with_byte_changed(both, both.size() - back)), back);
    }
}

// Each member alone is below the limit.
TEST(GzipAnswerBomb, OfSeveralMembersEndsAtTheCap) {
    const std::string bomb = times(8, support::gzip_bomb(1 << 20));
    for (const std::string& bytes : {answer_of(bomb + gzip(three_tokens())),
                                     ok("Content-Encoding: gzip\r\n", bomb + gzip(three_tokens()))}) {
        support::RawServer server([&bytes](support::RawConnection& connection) {
            if (!connection.read_head().empty()) {
                connection.send(bytes);
            }
        });
        Client client(plain_http(server.port()));

        const Answer answer = ask(client);

        ASSERT_FALSE(answer.page);
        EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::too_large))
            << answer.page.error().message;
        EXPECT_LE(answer.exchange.body_bytes, std::size_t{8} << 20);
    }
}

}  // namespace
}  // namespace exporter::datadog
