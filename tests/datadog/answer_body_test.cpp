// Response bodies as RFC 9110 and RFC 9112 define them: lengths, chunks and codings, one response per row.
#include "datadog/answer_case.h"
#include "support/gzip.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::gzip;
using support::RawConnection;
using support::RawServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AnswerBody : public testing::TestWithParam<AnswerCase> {};

TEST_P(AnswerBody, IsReadPerTheStandard) {
    check(GetParam());
}

const auto name_of = [](const testing::TestParamInfo<AnswerCase>& info) { return info.param.name; };

std::size_t length() {
    return three_tokens().size();
}

/// The page with this Content-Length.
AnswerCase length_of(std::string name, std::string_view value, Expected expected,
                     Reuse reuse = Reuse::by_outcome) {
    return {std::move(name), ok(fmt::format("Content-Length: {}\r\n", value), three_tokens()),
            std::move(expected), reuse};
}

std::vector<AnswerCase> lengths() {
    const std::string size = std::to_string(length());
    const std::string other = std::to_string(length() + 1);
    const auto refused = error(ErrorKind::network);
    return {
        length_of("Plain", size, page_of()),
        length_of("WithBlanksAround", "  " + size + "  ", page_of()),
        length_of("WithZeros", "000" + size, page_of()),
        length_of("SameInAList", size + ", " + size, page_of()),
        length_of("SameInATightList", size + "," + size + "," + size, page_of()),
        length_of("SameInTwoLines", size + "\r\nContent-Length: " + size, page_of()),
        length_of("SameInLinesAndLists", size + "\r\ncontent-length: " + size + ", " + size, page_of()),
        length_of("SameFarApart", size + "\r\nX-A: b\r\nContent-Length: " + size, page_of()),
        length_of("DifferentInAList", size + ", " + other, refused),
        length_of("DifferentInAListTheLastTheSame", other + ", " + size, refused),
        length_of("DifferentInTwoLines", size + "\r\ncontent-length: " + other, refused),
        length_of("DifferentInTheThirdLine",
                  size + "\r\nContent-Length: " + size + "\r\nContent-Length: " + other, refused),
        length_of("Empty", "", refused),
        length_of("BlankAlone", "   ", refused),
        length_of("CommaAlone", ",", refused),
        length_of("Signed", "+" + size, refused),
        length_of("Negative", "-1", refused),
        length_of("NegativeZero", "-0", refused),
        length_of("Hexadecimal", fmt::format("{:#x}", length()), refused),
        length_of("Fraction", size + ".0", refused),
        length_of("Exponent", "1e3", refused),
        length_of("WithSemicolon", size + ";", refused),
        length_of("WithUnit", size + " bytes", refused),
        length_of("TwoNumbers", size + " " + size, refused),
        length_of("Quoted", "\"" + size + "\"", refused),
        length_of("Word", "many", refused),
        length_of("DigitsBeyondAscii", "\xd9\xa1\xd9\xa2", refused),
        length_of("BeyondTheCap", "900000000", error(ErrorKind::too_large)),
        length_of("SecondBeyondTheCap", size + ", 900000000", refused),
        length_of("Beyond63Bits", "9223372036854775808", either(ErrorKind::too_large, ErrorKind::network)),
        length_of("Beyond64Bits", "99999999999999999999", either(ErrorKind::too_large, ErrorKind::network)),
        length_of("RoundTheClock",
                  "1844674407370955" + std::to_string(1616 + length()),  // larger by 2^64
                  either(ErrorKind::too_large, ErrorKind::network)),
        length_of("OfAThousandDigits", std::string(1000, '9'),
                  either(ErrorKind::too_large, ErrorKind::network)),
        {"LongerThanTheBody", ok("Content-Length: " + other + "\r\n", three_tokens()), refused, Reuse::no,
         true},
        {"MuchLongerThanTheBody", ok("Content-Length: 100000\r\n", three_tokens()), refused, Reuse::no, true},
        {"NoBodyAtAll", ok("Content-Length: 5\r\n", ""), refused, Reuse::no, true},
        {"ShorterThanTheBody", ok("Content-Length: " + size + "\r\n", three_tokens() + "rest"), page_of(),
         Reuse::no},
        {"BeforeAnAnswerNobodyAskedFor",
         ok_with_length("", three_tokens()) + ok_with_length("", R"({"data":[]})"), page_of(), Reuse::no},
        {"InsideTheBody", ok("Content-Length: 20\r\n", three_tokens()), error(ErrorKind::not_json),
         Reuse::no},
        {"Zero", ok("Content-Length: 0\r\n", ""), error(ErrorKind::not_json)},
        {"ZeroBeforeABody", ok("Content-Length: 0\r\n", three_tokens()), error(ErrorKind::not_json),
         Reuse::no},
        {"NoneUntilTheEnd", ok("", three_tokens()), page_of(), Reuse::no, true},
        {"NoneUntilTheEndOfHttp10", "HTTP/1.0 200 OK\r\n\r\n" + three_tokens(), page_of(), Reuse::no, true},
        {"NoneUntilTheEndInGzip", ok("Content-Encoding: gzip\r\n", gzip(three_tokens())), page_of(),
         Reuse::no, true},
        {"NoneUntilTheEndInBrokenGzip",
         ok("Content-Encoding: gzip\r\n", gzip(three_tokens()).substr(0, gzip(three_tokens()).size() - 1)),
         refused, Reuse::no, true},
        {"NoneAndNoBody", ok("", ""), error(ErrorKind::not_json), Reuse::no, true},
    };
}

INSTANTIATE_TEST_SUITE_P(Length, AnswerBody, testing::ValuesIn(lengths()), name_of);

/// The page in one chunk, with this Transfer-Encoding.
AnswerCase transfer_coding(std::string name, std::string_view value, Expected expected,
                           Reuse reuse = Reuse::by_outcome) {
    return {std::move(name),
            ok(fmt::format("Transfer-Encoding: {}\r\n", value), chunk(three_tokens()) + "0\r\n\r\n"),
            std::move(expected), reuse};
}

std::vector<AnswerCase> transfer_codings() {
    const std::string chunks = chunk(three_tokens()) + "0\r\n\r\n";
    const auto with_length = [&chunks](std::string_view size) {
        return ok_chunked(chunks, fmt::format("Content-Length: {}\r\n", size));
    };
    const auto refused = [](std::string words) { return error(ErrorKind::bad_page, std::move(words)); };
    return {
        transfer_coding("UpperCase", "CHUNKED", page_of()),
        transfer_coding("MixedCase", "Chunked", page_of()),
        transfer_coding("BlanksAround", " \tchunked \t", page_of()),
        transfer_coding("EmptyElements", ", chunked,", page_or(ErrorKind::bad_page)),
        transfer_coding("Twice", "chunked, chunked", refused("chunked"), Reuse::no),
        transfer_coding("InTwoLines", "chunked\r\nTransfer-Encoding: chunked", refused("chunked"), Reuse::no),
        transfer_coding("NotTheLast", "chunked, gzip", refused("gzip"), Reuse::no),
        transfer_coding("ChunkedThenIdentity", "chunked, identity", page_or(ErrorKind::bad_page),
                        Reuse::either),
        transfer_coding("UnknownBefore", "zstd2, chunked", refused("zstd2"), Reuse::no),
        transfer_coding("UnknownInALineBefore", "zstd2\r\nTransfer-Encoding: chunked", refused("zstd2"),
                        Reuse::no),
        transfer_coding("Unknown", "zstd2", refused("zstd2"), Reuse::no),
        transfer_coding("LongerName", "xchunked", refused("xchunked"), Reuse::no),
        transfer_coding("LongerNameBehind", "chunkedx", refused("chunkedx"), Reuse::no),
        transfer_coding("PercentEncoded", "%63hunked", refused("%63hunked"), Reuse::no),
        transfer_coding("Quoted", "\"chunked\"", refused("chunked"), Reuse::no),
        {"GzipInChunks",
         ok("Transfer-Encoding: gzip, chunked\r\n", chunk(gzip(three_tokens())) + "0\r\n\r\n"),
         page_or(ErrorKind::bad_page, "gzip"), Reuse::either},
        {"Identity", ok("Transfer-Encoding: identity\r\n", three_tokens()),
         page_or(ErrorKind::bad_page, "identity"), Reuse::no, true},
        {"WithTheLengthOfTheBody", with_length(std::to_string(length())), page_of(), Reuse::no},
        {"WithASmallerLength", with_length("5"), page_of(), Reuse::no},
        {"WithALargerLength", with_length("100000"), page_of(), Reuse::no},
        {"WithALengthBefore", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), page_of(),
         Reuse::no},
    };
}

INSTANTIATE_TEST_SUITE_P(TransferCoding, AnswerBody, testing::ValuesIn(transfer_codings()), name_of);

/// The page in one chunk with this chunk-size line.
AnswerCase size_line(std::string name, std::string_view line, Expected expected) {
    return {std::move(name), ok_chunked(fmt::format("{}\r\n{}\r\n0\r\n\r\n", line, three_tokens())),
            std::move(expected)};
}

std::vector<AnswerCase> chunk_sizes() {
    const std::string size = fmt::format("{:x}", length());
    const auto refused = error(ErrorKind::network);
    const auto too_much = either(ErrorKind::network, ErrorKind::too_large);
    return {
        size_line("LowerCase", size, page_of()),
        size_line("UpperCase", fmt::format("{:X}", length()), page_of()),
        size_line("Zeros", std::string(5, '0') + size, page_of()),
        size_line("ExtensionWithoutValue", size + ";last", page_of()),
        size_line("ExtensionWithValue", size + ";a=b", page_of()),
        size_line("Extensions", size + ";a=b;c;d=\"e\"", page_of()),
        size_line("BlanksRoundTheExtension", size + " ; a = b", page_of()),
        size_line("BlankBehind", size + "  ", page_of()),
        size_line("SemicolonInQuotes", size + ";a=\"b;c\"", page_of()),
        size_line("EscapedQuote", size + R"(;a="b\"c")", page_of()),
        size_line("LongExtension", size + ";a=" + std::string(900, 'b'), page_of()),
        size_line("LineFeedInQuotes", size + ";a=\"b\nc\"", refused),
        size_line("Empty", "", refused),
        size_line("ExtensionAlone", ";a=b", refused),
        size_line("BlankAlone", " ", refused),
        size_line("BlankBefore", " " + size, page_or(ErrorKind::network)),
        size_line("Prefixed", "0x" + size, refused),
        size_line("Signed", "+" + size, refused),
        size_line("Negative", "-1", refused),
        size_line("NoDigit", size + "g", refused),
        size_line("BlankInside", size.substr(0, 1) + " " + size.substr(1), refused),
        size_line("NulBehind", size + '\0', refused),
        size_line("Comma", size + "," + size, refused),
        size_line("Fraction", size + ".0", refused),
        size_line("SixteenDigits", "ffffffffffffffff", too_much),
        size_line("SeventeenDigits", "10000000000000000", too_much),
        size_line("RoundTheClock", "1" + std::string(16 - size.size(), '0') + size, too_much),
        size_line("BeyondTheCap", "20000000", too_much),
    };
}

INSTANTIATE_TEST_SUITE_P(ChunkSize, AnswerBody, testing::ValuesIn(chunk_sizes()), name_of);

std::vector<AnswerCase> chunks() {
    const std::string whole = chunk(three_tokens());
    const std::string size = fmt::format("{:x}\r\n", length());
    const auto refused = error(ErrorKind::network);
    std::string single_bytes;
    for (const char byte : three_tokens()) {
        single_bytes += chunk({&byte, 1});
    }
    const auto cut = [&refused](std::string name, std::string_view framed) {
        return AnswerCase{std::move(name), ok_chunked(framed), refused, Reuse::no, true};
    };
    const auto trailers = [&whole](std::string name, std::string_view lines, Expected expected = page_of()) {
        return AnswerCase{std::move(name), ok_chunked(whole + "0\r\n" + std::string(lines) + "\r\n"),
                          std::move(expected)};
    };
    return {
        {"OfOneByteEach", ok_chunked(single_bytes + "0\r\n\r\n"), page_of()},
        {"LastWithZeros", ok_chunked(whole + "0000\r\n\r\n"), page_of()},
        {"LastWithExtension", ok_chunked(whole + "0;a=\"b\"\r\n\r\n"), page_of()},
        {"LastAlone", ok_chunked("0\r\n\r\n"), error(ErrorKind::not_json)},
        {"LastBeforeTheData", ok_chunked("0\r\n\r\n" + whole + "0\r\n\r\n"), error(ErrorKind::not_json),
         Reuse::no},
        {"BytesBehindTheLast", ok_chunked(whole + "0\r\n\r\nrest"), page_of(), Reuse::no},
        {"DataLongerThanItsSize", ok_chunked("5\r\n" + three_tokens() + "\r\n0\r\n\r\n"), refused},
        {"NoLineEndAfterTheData", ok_chunked(size + three_tokens() + "0\r\n\r\n"), refused},
        {"NoLineFeedAfterTheData", ok_chunked(size + three_tokens() + "\r\r0\r\n\r\n"), refused},
        {"LineEndTwiceAfterTheData", ok_chunked(size + three_tokens() + "\r\n\r\n0\r\n\r\n"), refused},
        trailers("TrailerThatIsALength", "Content-Length: 5\r\n"),
        trailers("TrailerThatIsACoding", "Content-Encoding: zstd\r\nTransfer-Encoding: gzip\r\n"),
        trailers("Trailers", "X-A: b\r\nX-C:\r\nX-D: e\r\n"),
        trailers("TooManyTrailers", times(200, "X-A: b\r\n"), error(ErrorKind::too_large)),
        {"DeclaredTrailerThatDoesNotCome", ok_chunked(whole + "0\r\n\r\n", "Trailer: X-A, X-B\r\n"),
         page_of()},
        {"GzipWithTrailer",
         ok_chunked(chunk(gzip(three_tokens())) + "0\r\nX-A: b\r\n\r\n", "Content-Encoding: gzip\r\n"),
         page_of()},
        cut("CutBeforeTheFirst", ""),
        cut("CutInASize", size.substr(0, 1)),
        cut("CutAfterASize", size),
        cut("CutInTheData", size + three_tokens().substr(0, 100)),
        cut("CutAfterTheData", size + three_tokens()),
        cut("CutInTheLineEndAfterTheData", size + three_tokens() + "\r"),
        cut("CutBeforeTheLast", whole),
        cut("CutInTheLast", whole + "0"),
        cut("CutAfterTheLast", whole + "0\r\n"),
        cut("CutInATrailer", whole + "0\r\nX-A: b"),
        cut("CutAfterATrailer", whole + "0\r\nX-A: b\r\n"),
    };
}

INSTANTIATE_TEST_SUITE_P(Chunks, AnswerBody, testing::ValuesIn(chunks()), name_of);

std::vector<AnswerCase> content_codings() {
    const std::string zipped = gzip(three_tokens());
    const auto coded = [](std::string name, std::string_view value, std::string_view body,
                          Expected expected) {
        return AnswerCase{std::move(name),
                          ok_with_length(fmt::format("Content-Encoding: {}\r\n", value), body),
                          std::move(expected), Reuse::by_outcome};
    };
    const auto refused = [&](std::string name, std::string_view value, std::string words) {
        return coded(std::move(name), value, three_tokens(), error(ErrorKind::bad_page, std::move(words)));
    };
    return {
        coded("Gzip", "Gzip", zipped, page_of()),
        coded("XGzipInAnyCase", " X-GZIP ", zipped, page_of()),
        coded("Identity", "identity", three_tokens(), page_of()),
        coded("IdentityInAnyCase", "IDENTITY", three_tokens(), page_of()),
        coded("Empty", "", three_tokens(), page_of()),
        coded("EmptyElements", ", ,", three_tokens(), page_of()),
        coded("GzipThenIdentity", "gzip, identity", zipped, page_of()),
        coded("IdentityThenGzip", "identity,gzip", zipped, page_of()),
        coded("GzipThenIdentityInLines", "gzip\r\ncontent-encoding: identity", zipped, page_of()),
        coded("IdentityThenGzipInLines", "identity\r\nContent-Encoding: gzip", zipped, page_of()),
        coded("GzipTwice", "gzip, gzip", gzip(zipped), error(ErrorKind::bad_page, "gzip")),
        coded("GzipTwiceInLines", "gzip\r\nContent-Encoding: x-gzip", gzip(zipped),
              error(ErrorKind::bad_page, "gzip")),
        refused("Brotli", "br", "br"),
        refused("Deflate", "deflate", "deflate"),
        refused("Zstandard", "zstd", "zstd"),
        refused("Compress", "compress", "compress"),
        refused("Nonsense", "none", "none"),
        refused("AwsChunked", "aws-chunked", "aws-chunked"),
        refused("NameThatContainsGzip", "notgzip", "notgzip"),
        refused("GzipWithAParameter", "gzip;q=1", "gzip"),
        refused("UnknownBehindGzip", "gzip, br", "br"),
        refused("UnknownBeforeGzip", "br, gzip", "br"),
        refused("UnknownInASecondLine", "gzip\r\nContent-Encoding: br", "br"),
        refused("TwoNamesWithoutAComma", "gzip identity", "gzip identity"),
        {"UnknownInChunks", ok_chunked(chunk(three_tokens()) + "0\r\n\r\n", "Content-Encoding: zstd2\r\n"),
         error(ErrorKind::bad_page, "zstd2")},
        {"UnknownOfAnEmptyBody", ok_with_length("Content-Encoding: zstd2\r\n", ""),
         either(ErrorKind::bad_page, ErrorKind::not_json)},
    };
}

INSTANTIATE_TEST_SUITE_P(ContentCoding, AnswerBody, testing::ValuesIn(content_codings()), name_of);

/// Runs `answer` for the first request of each connection.
RawServer::Script with(std::function<void(RawConnection&)> answer) {
    return [answer = std::move(answer)](RawConnection& connection) {
        if (!connection.read_head().empty()) {
            answer(connection);
        }
    };
}

TEST(Trailers, AreNotHeaders) {
    RawServer server(with([](RawConnection& connection) {
        connection.send(ok_chunked(chunk(three_tokens()) + "0\r\nX-RateLimit-Remaining: 0\r\n\r\n"));
        connection.hold();
    }));
    Client client(plain_http(server.port()));

    const Answer answer = ask(client);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.exchange.rate_limit.remaining, std::nullopt);
}

TEST(BodyLength, OverTheLimitIsRefusedUpFront) {
    RawServer server(with([](RawConnection& connection) {
        connection.send(ok("Content-Length: 8388609\r\n", ""));
        connection.hold();
    }));
    Client client(plain_http(server.port()));

    const Answer answer = ask(client);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::too_large)) << answer.page.error().message;
}

TEST(BodyLength, MayEqualTheLimit) {
    ClientOptions options;
    options.max_body_bytes = length();
    RawServer server(
        with([](RawConnection& connection) { connection.send(ok_with_length("", three_tokens())); }));
    options.endpoint = plain_http(server.port()).endpoint;
    Client client(options);

    const Answer answer = ask(client);

    EXPECT_TRUE(answer.page) << answer.page.error().message;
}

// The bytes arrive after the response has been read, so the client can detect them only by checking the
// connection.
TEST(BytesAfterAnAnswer, AreNeverReadAsTheNextOne) {
    std::size_t connections = 0;
    std::atomic<bool> read = false;
    std::atomic<bool> sent = false;
    RawServer server([&](RawConnection& connection) {
        const bool first = connections++ == 0;
        while (!connection.read_head().empty()) {
            connection.send(ok_with_length("", three_tokens()));
            if (first) {
                while (!read) {
                    std::this_thread::yield();
                }
                connection.send(ok_with_length("", R"({"data":[]})"));
                sent = true;
            }
        }
    });
    Client client(plain_http(server.port()));
    EXPECT_TRUE(ask(client).page);
    read = true;
    while (!sent) {
        std::this_thread::yield();
    }

    const Answer next = ask(client);

    ASSERT_TRUE(next.page) << next.page.error().message;
    EXPECT_EQ(next.page->tokens.size(), 3U);
}

/// The error message for a response with this Content-Encoding.
std::string words_about_coding(const std::string& coding) {
    RawServer server(with([&](RawConnection& connection) {
        connection.send(ok_with_length("Content-Encoding: " + coding + "\r\n", three_tokens()));
    }));
    Client client(plain_http(server.port()));
    const Answer answer = ask(client);
    return answer.page ? "" : answer.page.error().message;
}

TEST(UnknownCoding, IsNamedSafely) {
    EXPECT_THAT(words_about_coding("\x1b[31mred\x07"),
                AllOf(HasSubstr("[31mred"), Not(HasSubstr("\x1b")), Not(HasSubstr("\x07"))));
    EXPECT_LT(words_about_coding(std::string(5000, 'x')).size(), 500U);
    EXPECT_THAT(words_about_coding("demo-app-key"), AllOf(Not(""), Not(HasSubstr("demo-app-key"))));
}

}  // namespace
}  // namespace exporter::datadog
