// The response reader on bytes alone: what HTTP allows, what it forbids, and the size limits.
#include "datadog/answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

namespace exporter::datadog {
namespace {

using Method = AnswerReader::Method;

std::string lines(std::size_t count, const std::string& line) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += line;
    }
    return text;
}

/// Feeds the bytes in pieces of at most `piece`, and collects the result.
struct Read {
    explicit Read(std::string_view bytes, std::size_t piece = std::string_view::npos,
                  Method method = Method::get, std::uint64_t max_body_bytes = 1 << 20)
        : answer(method, max_body_bytes) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
            std::string_view arrived = bytes.substr(0, piece);
            while (!arrived.empty()) {
                body += answer.take(arrived);
            }
        }
    }

    [[nodiscard]] std::string fault() const {
        return answer.failure()
                   ? std::string(label(answer.failure()->kind)) + ": " + answer.failure()->message
                   : std::string();
    }

    AnswerReader answer;
    std::string body;
};

constexpr const char* too_many_lines =
    "too_large: a line longer than 8 KiB, more than 100 lines or more than 64 KiB before or after the body";

TEST(AnswerReader, TakesALineOf8KiBBeforeTheBody) {
    EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nX: " + std::string(8192 - 4, 'x') + "\r\n").fault(), "");
}

TEST(AnswerReader, RefusesALongerLineBeforeItsEndHasCome) {
    EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nX: " + std::string(8193 - 3, 'x')).fault(), too_many_lines);
}

TEST(AnswerReader, RefusesALongStatusLineThatComesByteByByte) {
    const std::string begin = "HTTP/1.1 200 ";
    EXPECT_EQ(Read(begin + std::string(8192 - begin.size(), 'x'), 1).fault(), "");
    EXPECT_EQ(Read(begin + std::string(8193 - begin.size(), 'x'), 1).fault(), too_many_lines);
}

TEST(AnswerReader, AcceptsHeadsOf100Lines) {
    EXPECT_TRUE(
        Read("HTTP/1.1 200 OK\r\n" + lines(99, "a: b\r\n") + "\r\n" + lines(500, "body\n")).answer.head());
    EXPECT_EQ(Read("HTTP/1.1 200 OK\r\n" + lines(100, "a: b\r\n") + "\r\n").fault(), too_many_lines);
}

TEST(AnswerReader, CountsTheLinesOfAllInterimAnswers) {
    const std::string fifty = lines(50, "HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(Read(fifty).fault(), "");
    EXPECT_EQ(Read(fifty + "HTTP/1.1 103 Early Hints\r\n\r\n").fault(), too_many_lines);
}

TEST(AnswerReader, AcceptsHeadsUpTo64KiB) {
    const std::string begin =
        "HTTP/1.1 200 OK\r\n" + lines(8, "X: " + std::string(7997, 'x') + "\r\n") + "X: ";
    const std::string rest((std::size_t{64} << 10) - begin.size() - 4, 'x');
    EXPECT_EQ(Read(begin + rest + "\r\n\r\nbody").fault(), "");
    EXPECT_EQ(Read(begin + rest + "x\r\n\r\n").fault(), too_many_lines);
}

TEST(AnswerReader, TakesNoMoreBytesThanABodyMayHave) {
    constexpr const char* too_much = "too_large: a body of more than 0 KiB";
    const std::string body(100, 'x');
    for (const std::string begin :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"}) {
        const Read read(begin + body, 7, Method::get, 100);
        EXPECT_EQ(read.fault(), "") << begin;
        EXPECT_EQ(read.body, body) << begin;
        const Read over(begin + body, 7, Method::get, 99);
        EXPECT_EQ(over.fault(), too_much) << begin;
        EXPECT_LE(over.body.size(), 99U) << begin;
    }
}

TEST(AnswerReader, RefusesAnExcessiveSizeUpFront) {
    constexpr const char* too_much = "too_large: a body of more than 1 MiB";
    EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n").fault(), too_much);
    EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n").fault(), too_much);
    EXPECT_EQ(
        Read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nffffffffffffffff\r\n").fault(),
        too_much);
}

TEST(AnswerReader, LimitsChunkFramingTo4MiB) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunk = "1;" + std::string(1018, 'x') + "\r\n" + "y" + "\r\n";  // 1 KiB of framing
    constexpr std::size_t most = most_chunk_bytes / 1024;
    EXPECT_EQ(Read(head + lines(most, chunk)).fault(), "");
    EXPECT_EQ(Read(head + lines(most, chunk) + "1").fault(),
              "too_large: more than 4 MiB between body chunks");
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(AnswerReader, LimitsChunkLinesTo1KiB) {
    constexpr const char* too_long = "too_large: a line longer than 1 KiB between body chunks";
    EXPECT_EQ(Read(chunked_head + "1;" + std::string(1022, 'x')).fault(), "");
    EXPECT_EQ(Read(chunked_head + "1;" + std::string(1023, 'x')).fault(), too_long);
    EXPECT_EQ(Read(chunked_head + "1\r\nx" + std::string(1025, 'x')).fault(), too_long);
    EXPECT_EQ(Read(chunked_head + std::string(1025, '0')).fault(), too_long);
}

TEST(AnswerReader, LimitsTrailersLikeHeaders) {
    const std::string begin = chunked_head + "1\r\nx\r\n0\r\n";
    EXPECT_TRUE(Read(begin + lines(100, "a: b\r\n") + "\r\n").answer.is_whole());
    EXPECT_EQ(Read(begin + lines(101, "a: b\r\n") + "\r\n").fault(), too_many_lines);
    EXPECT_EQ(Read(begin + std::string(8193, 'x')).fault(), too_many_lines);
    EXPECT_EQ(Read(begin + lines(9, std::string(8000, 'x') + "\r\n")).fault(), too_many_lines);
}

/// How a body is framed, and whether the connection can be reused.
struct Framing {
    std::string name;
    std::string bytes;
    std::string body;
    bool keeps = true;

    friend void PrintTo(const Framing& row, std::ostream* out) { *out << row.name; }
};

class AllowedFraming : public testing::TestWithParam<Framing> {};

TEST_P(AllowedFraming, IsReadTheSameInPiecesOfAnySize) {
    const Framing& framing = GetParam();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, framing.bytes.size()}) {
        Read read(framing.bytes, piece);
        if (!read.answer.is_whole()) {
            read.answer.end_of_bytes();
        }

        EXPECT_EQ(read.fault(), "") << piece;
        EXPECT_TRUE(read.answer.is_whole()) << piece;
        EXPECT_EQ(read.body, framing.body) << piece;
        EXPECT_EQ(read.answer.keeps_connection(), framing.keeps) << piece;
    }
}

std::string answer(const std::string& fields, const std::string& rest, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\n" + fields + "\r\n" + rest;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AllowedFraming,
    testing::Values(
        Framing{"Length", answer("Content-Length: 4\r\n", "body"), "body"},
        Framing{"SameLengthTwice", answer("Content-Length: 4\r\nContent-Length: 4\r\n", "body"), "body"},
        Framing{"SameLengthInAList", answer("content-length: 4, 04\r\n", "body"), "body"},
        Framing{"NoLengthUpToTheClose", answer("", "body"), "body", false},
        Framing{"LengthAndClose", answer("Content-Length: 4\r\nConnection: Keep-Alive, Close\r\n", "body"),
                "body", false},
        Framing{"Http10", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body", false},
        Framing{"NoReason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ""},
        Framing{"LineFeedsAlone", "HTTP/1.1 200 OK\nContent-Length: 4\n\nbody", "body"},
        Framing{"FoldedField", answer("X: a\r\n  b\r\nContent-Length:\r\n 4\r\n", "body"), "body"},
        Framing{"InterimAnswers",
                answer("",
                       answer("X: 1\r\nContent-Length: 9\r\n", answer("Content-Length: 4\r\n", "body"),
                              "103 Early Hints"),
                       "100 Continue"),
                "body"},
        Framing{"NoContent", answer("Content-Length: 4\r\n", "", "204 No Content"), ""},
        Framing{"NotModified", answer("Content-Length: 4\r\n", "", "304 Not Modified"), ""},
        Framing{"Chunks", answer("Transfer-Encoding: chunked\r\n", "2\r\nbo\r\n02\r\ndy\r\n0\r\n\r\n"),
                "body"},
        Framing{"ChunksInAnyCase", answer("TRANSFER-ENCODING:\tChunked \r\n", "A\r\n0123456789\r\n0\r\n\r\n"),
                "0123456789"},
        Framing{"ChunkExtensions",
                answer("Transfer-Encoding: chunked\r\n", "4;a=b;c=\"d;e\"\r\nbody\r\n0;last\r\n\r\n"),
                "body"},
        Framing{"ChunkExtensionAfterABlank",
                answer("Transfer-Encoding: chunked\r\n", "4 ;a\r\nbody\r\n0\r\n\r\n"), "body"},
        Framing{
            "Trailers",
            answer("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\nContent-Length: 9\r\nB: c\r\n\r\n"),
            "body"},
        Framing{"ChunksAndALength",
                answer("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"),
                "body", false},
        Framing{"IdentityAndALength", answer("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", "body"),
                "body"},
        Framing{"MoreThanTheLengthSays", answer("Content-Length: 4\r\n", "body" + answer("", "")), "body",
                false},
        Framing{"MoreThanTheLastChunk",
                answer("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
                "body", false}),
    [](const auto& test) { return test.param.name; });

struct Fault {
    std::string name;
    std::string bytes;
    std::string fault;

    friend void PrintTo(const Fault& row, std::ostream* out) { *out << row.name; }
};

class ForbiddenFraming : public testing::TestWithParam<Fault> {};

TEST_P(ForbiddenFraming, IsRefusedInPiecesOfAnySize) {
    const Fault& fault = GetParam();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, fault.bytes.size()}) {
        Read read(fault.bytes, piece);
        read.answer.end_of_bytes();

        EXPECT_EQ(read.fault(), fault.fault) << piece;
        EXPECT_FALSE(read.answer.is_whole()) << piece;
        EXPECT_FALSE(read.answer.keeps_connection()) << piece;
    }
}

constexpr const char* no_number = "network: an answer whose length (Content-Length) is not a number";
constexpr const char* two_lengths = "network: an answer with two different lengths (Content-Length)";
constexpr const char* too_much = "too_large: a body of more than 1 MiB";
constexpr const char* no_size = "network: a chunk whose size is not a number";
constexpr const char* broke_off = "network: a truncated answer";
constexpr const char* no_field = "network: a line among its headers that is not a header: X";
constexpr const char* no_http = "network: something other than HTTP/1.1 (the connection broke)";

std::string chunks(const std::string& bytes) {
    return chunked_head + bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ForbiddenFraming,
    testing::Values(
        Fault{"Nothing", "", "network: no answer, and broke the connection"},
        Fault{"NoHttpAndALongLine", std::string(10'000, 'x'), no_http},
        Fault{"NoHttp", "SSH-2.0-OpenSSH_9.2\r\n", no_http},
        Fault{"NoHttpAndNoLine", "\x15\x03\x03", no_http}, Fault{"Http2", "HTTP/2 200\r\n\r\n", no_http},
        Fault{"NoStatus", "HTTP/1.1 OK\r\n\r\n", no_http}, Fault{"VersionAlone", "HTTP/1.1\r\n\r\n", no_http},
        Fault{"HalfAVersion", "HTTP/1.\r\n\r\n", no_http},
        Fault{"NegativeStatus", "HTTP/1.1 -20 OK\r\n\r\n", no_http},
        Fault{"LongStatus", "HTTP/1.1 2000 OK\r\n\r\n", no_http},
        Fault{"LineBeforeTheStatus", "\r\nHTTP/1.1 200 OK\r\n\r\n", no_http},
        Fault{"SwitchingProtocols", answer("Upgrade: h2c\r\n", "", "101 Switching Protocols"),
              "network: a switch to another protocol, which was not requested"},
        Fault{"InterimAlone", answer("", "", "100 Continue"), broke_off},
        Fault{"HalfAHead", "HTTP/1.1 200 OK\r\nX:", broke_off},
        Fault{"HalfABody", answer("Content-Length: 4\r\n", "bod"), broke_off},
        Fault{"HeaderWithoutAColon", answer("X\r\n", ""), no_field},
        Fault{"BlankBeforeTheColon", answer("X : y\r\n", ""), no_field},
        Fault{"FoldOfNothing", answer(" X: y\r\n", ""), no_field},
        Fault{"NulInAHeader", answer(std::string("X: a\0b\r\n", 8), ""),
              "network: a header with a control character"},
        Fault{"CarriageReturnInAHeader", answer("X: a\rY: b\r\n", ""),
              "network: a header with a control character"},
        Fault{"TwoLengths", answer("Content-Length: 4\r\nContent-Length: 5\r\n", "body"), two_lengths},
        Fault{"TwoLengthsInAList", answer("Content-Length: 4, 5\r\n", "body"), two_lengths},
        Fault{"LengthWithASign", answer("Content-Length: +4\r\n", "body"), no_number},
        Fault{"NegativeLength", answer("Content-Length: -4\r\n", "body"), no_number},
        Fault{"HexadecimalLength", answer("Content-Length: 0x4\r\n", "body"), no_number},
        Fault{"LengthAndMore", answer("Content-Length: 4;\r\n", "body"), no_number},
        Fault{"NoLength", answer("Content-Length:\r\n", "body"), no_number},
        Fault{"LengthBeyondAllNumbers", answer("Content-Length: 99999999999999999999\r\n", "body"), too_much},
        Fault{"ChunksOfHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "network: an HTTP/1.0 answer with a transfer coding, which HTTP/1.0 does not have"},
        Fault{"StatusOfZeros", "HTTP/1.1 000 OK\r\n\r\n", no_http},
        Fault{"UnknownTransferCoding", answer("Transfer-Encoding: gzip, chunked\r\n", ""),
              "bad_page: an answer in the transfer coding `gzip, chunked`, which was not requested"},
        Fault{"ChunkedTwice", answer("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""),
              "bad_page: an answer in the transfer coding `chunked, chunked`, which was not requested"},
        Fault{"NoChunkSize", chunks("\r\n"), no_size},
        Fault{"ChunkSizeWithASign", chunks("+4\r\nbody\r\n"), no_size},
        Fault{"NegativeChunkSize", chunks("-4\r\nbody\r\n"), no_size},
        Fault{"ChunkSizeWithAPrefix", chunks("0x4\r\nbody\r\n"), no_size},
        Fault{"ChunkSizeAfterABlank", chunks(" 4\r\nbody\r\n"), no_size},
        Fault{"ChunkSizeBeyondAllNumbers", chunks("10000000000000000\r\nbody\r\n"), too_much},
        Fault{"ChunkThatIsLonger", chunks("3\r\nbody\r\n"), "network: a chunk longer than its stated size"},
        Fault{"NoLastChunk", chunks("4\r\nbody\r\n"), broke_off},
        Fault{"NoEndAfterTheLastChunk", chunks("4\r\nbody\r\n0\r\n"), broke_off},
        Fault{"HalfATrailer", chunks("4\r\nbody\r\n0\r\nX: y\r\n"), broke_off}),
    [](const auto& test) { return test.param.name; });

TEST(AnswerReader, JoinsFoldedValues) {
    const Read read("HTTP/1.1 200 OK\r\nA:\r\n  5\r\nB: 6\r\n \r\nC: a\r\n\tb \r\n\r\n");

    ASSERT_NE(read.answer.head(), nullptr);
    EXPECT_EQ(read.answer.head()->value("A"), "5");
    EXPECT_EQ(read.answer.head()->value("B"), "6");
    EXPECT_EQ(read.answer.head()->value("C"), "a b");
}

TEST(AnswerReader, ReportsOnlyTheFinalHead) {
    const Read read(
        "HTTP/1.1 103 Early\r\nX-A: early\r\n\r\nHTTP/1.1 429 Too Many\r\nx-a: \t1 \r\nX-A: 2,,3\r\n\r\n");

    const AnswerHead* const head = read.answer.head();
    ASSERT_NE(head, nullptr);
    EXPECT_EQ(head->status, 429);
    EXPECT_EQ(head->reason, "Too Many");
    EXPECT_EQ(head->value("X-a"), "1");
    EXPECT_EQ(head->list("X-A"), (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_FALSE(head->has("X"));
}

/// RFC 9110, 9.3.6: in a successful response to CONNECT, a length or chunked coding has no meaning.
TEST(AnswerReader, EndsAConnectAnswerAtItsHead) {
    const Read read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", 1,
                    Method::connect);

    EXPECT_TRUE(read.answer.is_whole());
    EXPECT_TRUE(read.answer.keeps_connection());
}

}  // namespace
}  // namespace exporter::datadog
