// Response heads as RFC 9110 and RFC 9112 define them, one response per row.
#include "datadog/answer_case.h"
#include "support/gzip.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::gzip;
using support::RawConnection;
using support::RawServer;

class AnswerHead : public testing::TestWithParam<AnswerCase> {};

TEST_P(AnswerHead, IsReadPerTheStandard) {
    check(GetParam());
}

const auto name_of = [](const testing::TestParamInfo<AnswerCase>& info) { return info.param.name; };

std::size_t length() {
    return three_tokens().size();
}

/// The page and its length, preceded by these bytes.
std::string page_after(std::string_view interim) {
    return std::string(interim) + ok_with_length("", three_tokens());
}

/// The page with this status line, which includes its line end.
std::string page_under(std::string_view status_line) {
    return fmt::format("{}Content-Length: {}\r\n\r\n{}", status_line, length(), three_tokens());
}

/// The page with one more header line, given without its line end.
std::string page_with(std::string_view header) {
    return ok_with_length(fmt::format("{}\r\n", header), three_tokens());
}

std::vector<AnswerCase> interim_answers() {
    const std::string early_hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n";
    const std::string bare = "HTTP/1.1 100 Continue\r\n\r\n";
    return {
        {"Bare100", page_after(bare), page_of()},
        {"Bare102", page_after("HTTP/1.1 102 Processing\r\n\r\n"), page_of()},
        {"Bare199", page_after("HTTP/1.1 199 Unheard Of\r\n\r\n"), page_of()},
        {"WithoutReason", page_after("HTTP/1.1 103 \r\n\r\n"), page_of()},
        {"Twenty", page_after(times(20, early_hints)), page_of()},
        {"Thirty", page_after(times(30, bare)), page_of()},
        {"WithOtherLineEnds", page_after("HTTP/1.1 103 Early Hints\nLink: x\n\n"), page_of()},
        {"ThatAnnouncesChunks", page_after("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
         page_of()},
        {"ThatAnnouncesALength", page_after("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n"),
         page_of()},
        {"ThatAnnouncesACoding", page_after("HTTP/1.1 103 Early Hints\r\nContent-Encoding: zstd\r\n\r\n"),
         page_of()},
        {"ThatAnnouncesTheEnd", page_after("HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n"),
         page_of(), Reuse::either},
        {"BeforeChunks", early_hints + ok_chunked(chunk(three_tokens()) + "0\r\n\r\n"), page_of()},
        {"BeforeGzip", early_hints + ok_with_length("Content-Encoding: gzip\r\n", gzip(three_tokens())),
         page_of()},
        {"BeforeAForbidden", early_hints + "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
         error(ErrorKind::forbidden)},
        {"BeforeA204", early_hints + "HTTP/1.1 204 No Content\r\n\r\n", error(ErrorKind::bad_status)},
        {"OverAHundred", page_after(times(101, bare)), error(ErrorKind::too_large)},
        {"Over64KiB",
         page_after(times(12, "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(6000, 'x') + "\r\n\r\n")),
         error(ErrorKind::too_large)},
        {"ThatSwitchesProtocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
         either(ErrorKind::bad_status, ErrorKind::network), Reuse::no},
        {"ThatSwitchesProtocolsBeforeAnAnswer", page_after("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
         either(ErrorKind::bad_status, ErrorKind::network), Reuse::no},
        {"ThatSwitchesProtocolsAfterAnother",
         bare + "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
         either(ErrorKind::bad_status, ErrorKind::network), Reuse::no},
        {"AndThenTheEnd", bare, error(ErrorKind::network), Reuse::no, true},
        {"AndThenNoHttp", bare + "SSH-2.0-OpenSSH\r\n\r\n", error(ErrorKind::network)},
        {"CutInItsHead", "HTTP/1.1 103 Early Hints\r\nLink: </x>", error(ErrorKind::network), Reuse::no,
         true},
    };
}

INSTANTIATE_TEST_SUITE_P(Interim, AnswerHead, testing::ValuesIn(interim_answers()), name_of);

std::vector<AnswerCase> status_lines() {
    const std::string only_line_feeds =
        fmt::format("HTTP/1.1 200 OK\nContent-Length: {}\n\n{}", length(), three_tokens());
    return {
        {"LineFeedsAlone", only_line_feeds, page_of()},
        {"LineFeedAloneAfterTheStatus", page_under("HTTP/1.1 200 OK\n"), page_of()},
        {"LineFeedAloneAfterTheHead",
         fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\n{}", length(), three_tokens()), page_of()},
        {"EmptyReason", page_under("HTTP/1.1 200 \r\n"), page_of()},
        {"NoReason", page_under("HTTP/1.1 200\r\n"), page_of()},
        {"ReasonBeyondAscii", page_under("HTTP/1.1 200 D\xe9j\xe0 vu\r\n"), page_of()},
        {"HigherMinorVersion", page_under("HTTP/1.2 200 OK\r\n"), page_of(), Reuse::either},
        {"LowerMinorVersion", page_under("HTTP/1.0 200 OK\r\n"), page_of(), Reuse::no},
        {"LowerMinorVersionKeptAlive", page_under("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"), page_of(),
         Reuse::either},
        {"OtherMajorVersion", page_under("HTTP/2.0 200 OK\r\n"), error(ErrorKind::network)},
        {"MajorVersionAlone", page_under("HTTP/2 200\r\n"), error(ErrorKind::network)},
        {"OldestVersion", page_under("HTTP/0.9 200 OK\r\n"), error(ErrorKind::network)},
        {"LowerCase", page_under("http/1.1 200 OK\r\n"), error(ErrorKind::network)},
        {"OtherProtocol", page_under("ICY 200 OK\r\n"), error(ErrorKind::network)},
        {"NoBlankAfterTheStatus", page_under("HTTP/1.1 200OK\r\n"), error(ErrorKind::network)},
        {"NoBlankBeforeTheStatus", page_under("HTTP/1.1200 OK\r\n"), error(ErrorKind::network)},
        {"StatusOfTwoDigits", page_under("HTTP/1.1 20 OK\r\n"), error(ErrorKind::network)},
        {"StatusOfFourDigits", page_under("HTTP/1.1 2000 OK\r\n"), error(ErrorKind::network)},
        {"StatusOfOnesAndLetters", page_under("HTTP/1.1 2xx OK\r\n"), error(ErrorKind::network)},
        {"SignedStatus", page_under("HTTP/1.1 +20 OK\r\n"), error(ErrorKind::network)},
        {"StatusBelow100", page_under("HTTP/1.1 099 OK\r\n"),
         either(ErrorKind::network, ErrorKind::bad_status), Reuse::either},
        {"StatusOfZeros", page_under("HTTP/1.1 000 OK\r\n"),
         either(ErrorKind::network, ErrorKind::bad_status), Reuse::either},
        {"NoStatus", page_under("HTTP/1.1\r\n"), error(ErrorKind::network)},
        {"NoMinorVersion", page_under("HTTP/1.\r\n"), error(ErrorKind::network)},
        {"MinorVersionAndABlank", page_under("HTTP/1.1 \r\n"), error(ErrorKind::network)},
        {"StatusOfOneDigit", page_under("HTTP/1.1 2\r\n"), error(ErrorKind::network)},
        {"EmptyLine", page_under("\r\n"), error(ErrorKind::network)},
    };
}

INSTANTIATE_TEST_SUITE_P(StatusLine, AnswerHead, testing::ValuesIn(status_lines()), name_of);

std::vector<AnswerCase> header_lines() {
    const std::string size = std::to_string(length());
    const auto with_framing = [](const std::string& line) { return ok(line + "\r\n", three_tokens()); };
    return {
        {"EmptyValue", page_with("X-A:"), page_of()},
        {"NoBlankAfterTheColon", with_framing("Content-Length:" + size), page_of()},
        {"TabsAroundTheValue", with_framing("Content-Length:\t" + size + "\t"), page_of()},
        {"NameInAnyCase", with_framing("cOnTENT-lenGTH: " + size), page_of()},
        {"ValueBeyondAscii", page_with("X-A: \xc3\xa9\xff"), page_of()},
        {"ColonsInTheValue", page_with("X-A: :a: b:"), page_of()},
        {"ManyLines", ok_with_length(times(80, "X-A: b\r\n"), three_tokens()), page_of()},
        {"TooManyLines", ok_with_length(times(120, "X-A: b\r\n"), three_tokens()),
         error(ErrorKind::too_large)},
        {"LongLine", page_with("X-A: " + std::string(7 << 10, 'x')), page_of()},
        {"TooLongLine", page_with("X-A: " + std::string(100 << 10, 'x')), error(ErrorKind::too_large)},
        // RFC 9112, 5.2: a user agent replaces the fold with spaces.
        {"Folded", page_with("X-A: 1\r\n 2"), page_of()},
        {"FoldedWithATab", page_with("X-A: 1\r\n\t2"), page_of()},
        {"FoldedLength", with_framing("Content-Length:\r\n " + size), page_or(ErrorKind::network)},
        {"FoldThatLooksLikeALength", page_with("X-A: 1\r\n Content-Length: 5"), page_of()},
        {"FoldBeforeTheFirst",
         fmt::format("HTTP/1.1 200 OK\r\n X-A: 1\r\nContent-Length: {}\r\n\r\n{}", size, three_tokens()),
         page_or(ErrorKind::network), Reuse::either},
        {"BlankBeforeTheColon", with_framing("Content-Length : " + size), page_or(ErrorKind::network)},
        {"BlankBeforeTheColonOfACoding",
         ok("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", chunk(three_tokens()) + "0\r\n\r\n"),
         page_or(ErrorKind::network), Reuse::no},
        {"NoColon", page_with("X-A"), error(ErrorKind::network)},
        {"NoName", page_with(": b"), error(ErrorKind::network)},
        {"BlankInTheName", page_with("X A: b"), error(ErrorKind::network)},
        {"NulInTheName", page_with("X\0A: b"s), error(ErrorKind::network)},
        // RFC 9110, 5.5: rejected, or replaced with spaces.
        {"NulInTheValue", page_with("X-A: a\0b"s), page_or(ErrorKind::network)},
        {"CarriageReturnInTheValue", page_with("X-A: a\rContent-Length: 5"), page_or(ErrorKind::network)},
        {"NulInTheLength", with_framing("Content-Length: "s + size.substr(0, 2) + '\0' + size.substr(2)),
         error(ErrorKind::network)},
        {"CutInTheHead", "HTTP/1.1 200 OK\r\nContent-Le", error(ErrorKind::network), Reuse::no, true},
        {"CutBeforeTheBlankLine", fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", size),
         error(ErrorKind::network), Reuse::no, true},
    };
}

INSTANTIATE_TEST_SUITE_P(HeaderLine, AnswerHead, testing::ValuesIn(header_lines()), name_of);

std::vector<AnswerCase> ends_of_connections() {
    return {
        {"Close", page_with("Connection: close"), page_of(), Reuse::no},
        {"CloseInAnyCase", page_with("connection: CLOSE"), page_of(), Reuse::no},
        {"CloseInAList", page_with("Connection: keep-alive, Close"), page_of(), Reuse::no},
        {"CloseInASecondLine", page_with("Connection: keep-alive\r\nConnection: close"), page_of(),
         Reuse::no},
        {"CloseAfterChunks", ok_chunked(chunk(three_tokens()) + "0\r\n\r\n", "Connection: close\r\n"),
         page_of(), Reuse::no},
        {"KeepAlive", page_with("Connection: keep-alive\r\nKeep-Alive: timeout=5"), page_of()},
        {"OtherOption", page_with("Connection: X-A\r\nX-A: closed"), page_of()},
    };
}

INSTANTIATE_TEST_SUITE_P(Connection, AnswerHead, testing::ValuesIn(ends_of_connections()), name_of);

std::vector<AnswerCase> answers_without_a_body() {
    // The client doesn't wait for a body that the status rules out, whatever the head says.
    const auto answer = [](std::string_view status, std::string_view headers = "") {
        return fmt::format("HTTP/1.1 {}\r\n{}\r\n", status, headers);
    };
    return {
        {"NoContent", answer("204 No Content"), error(ErrorKind::bad_status)},
        {"NoContentWithLength", answer("204 No Content", "Content-Length: 5\r\n"),
         error(ErrorKind::bad_status)},
        {"NoContentInChunks", answer("204 No Content", "Transfer-Encoding: chunked\r\n"),
         error(ErrorKind::bad_status)},
        {"NoContentInGzip", answer("204 No Content", "Content-Encoding: gzip\r\n"),
         error(ErrorKind::bad_status)},
        {"ResetContent", answer("205 Reset Content", "Content-Length: 0\r\n"), error(ErrorKind::bad_status)},
        {"NotModified", answer("304 Not Modified"), error(ErrorKind::redirect)},
        {"NotModifiedWithLength", answer("304 Not Modified", "Content-Length: 5\r\n"),
         error(ErrorKind::redirect)},
    };
}

INSTANTIATE_TEST_SUITE_P(NoBody, AnswerHead, testing::ValuesIn(answers_without_a_body()), name_of);

std::vector<AnswerCase> errors_badly_framed() {
    // The user needs to see the status, even if the framing is broken.
    const auto answer = [](std::string_view status, std::string_view headers, std::string_view body) {
        return fmt::format("HTTP/1.1 {}\r\n{}\r\n{}", status, headers, body);
    };
    return {
        {"GzipThatIsNone",
         answer("403 Forbidden", "Content-Encoding: gzip\r\nContent-Length: 5\r\n", "words"),
         error(ErrorKind::forbidden, "403")},
        {"GzipWithoutItsEnd",
         answer("401 Unauthorized", "Content-Encoding: gzip\r\nContent-Length: 15\r\n",
                gzip(R"({"errors":["no"]})").substr(0, 15)),
         error(ErrorKind::unauthorized, "401")},
        {"GzipInOrder",
         answer("403 Forbidden",
                fmt::format("Content-Encoding: X-GZIP\r\nContent-Length: {}\r\n",
                            gzip(R"({"errors":["in its own words"]})").size()),
                gzip(R"({"errors":["in its own words"]})")),
         error(ErrorKind::forbidden, "in its own words")},
        {"UnknownCoding",
         answer("429 Too Many Requests",
                "Content-Encoding: zstd\r\nX-RateLimit-Reset: 7\r\nContent-Length: 5\r\n",
                "\x28\xb5\x2f\xfd."),
         error(ErrorKind::rate_limited, "429")},
        {"UnknownTransferCoding",
         answer("503 Service Unavailable", "Transfer-Encoding: zstd, chunked\r\n", "1\r\n.\r\n0\r\n\r\n"),
         error(ErrorKind::server_error, "503"), Reuse::either},
        {"TwoLengths", answer("403 Forbidden", "Content-Length: 5\r\nContent-Length: 6\r\n", "words."),
         error(ErrorKind::forbidden, "403"), Reuse::no},
        {"LengthThatIsNone", answer("404 Not Found", "Content-Length: many\r\n", "words"),
         error(ErrorKind::not_found, "404"), Reuse::no},
        {"LengthBeyondTheCap", answer("404 Not Found", "Content-Length: 900000000\r\n", "words"),
         error(ErrorKind::not_found, "404"), Reuse::no, true},
        {"BodyCut", answer("503 Service Unavailable", "Content-Length: 500\r\n", "words"),
         error(ErrorKind::server_error, "503"), Reuse::no, true},
        {"ChunkCut", answer("503 Service Unavailable", "Transfer-Encoding: chunked\r\n", "500\r\nwords"),
         error(ErrorKind::server_error, "503"), Reuse::no, true},
        {"ChunkSizeThatIsNone",
         answer("403 Forbidden", "Transfer-Encoding: chunked\r\n", "words\r\nwords\r\n"),
         error(ErrorKind::forbidden, "403"), Reuse::no},
    };
}

INSTANTIATE_TEST_SUITE_P(Status, AnswerHead, testing::ValuesIn(errors_badly_framed()), name_of);

/// Runs `answer` for the first request of each connection.
RawServer::Script with(std::function<void(RawConnection&)> answer) {
    return [answer = std::move(answer)](RawConnection& connection) {
        if (!connection.read_head().empty()) {
            answer(connection);
        }
    };
}

TEST(InterimAnswers, AreLimited) {
    RawServer server(with([](RawConnection& connection) {
        while (connection.send("HTTP/1.1 103 Early Hints\r\n\r\n")) {
        }
    }));
    Client client(plain_http(server.port()));

    const Answer answer = ask(client);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::too_large)) << answer.page.error().message;
}

TEST(InterimAnswers, AddNoHeaders) {
    RawServer server(with([](RawConnection& connection) {
        connection.send("HTTP/1.1 103 Early Hints\r\nX-RateLimit-Remaining: 0\r\n" +
                        "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n\r\n"s +
                        ok_with_length("X-RateLimit-Limit: 100\r\n", three_tokens()));
        connection.hold();
    }));
    Client client(plain_http(server.port()));

    const Answer answer = ask(client);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.exchange.rate_limit.limit, 100);
    EXPECT_EQ(answer.exchange.rate_limit.remaining, std::nullopt);
    EXPECT_EQ(answer.page->asked_at, std::nullopt);
}

TEST(InterimAnswers, DoNotProlongTheDeadline) {
    RawServer server(with([](RawConnection& connection) {
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        connection.hold();
    }));
    Client client(plain_http(server.port()));

    const Answer answer = ask(client, 300ms);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::timeout)) << answer.page.error().message;
}

TEST(AnAnswer, IsTheSameInPiecesOfAnySize) {
    const std::string bytes = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                              ok_chunked(chunk(gzip(three_tokens()).substr(0, 100), ";a=\"b;c\"") +
                                             chunk(gzip(three_tokens()).substr(100)) + "0\r\nX-A: b\r\n\r\n",
                                         "Content-Encoding: gzip\r\n");
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U}) {
        RawServer server([&](RawConnection& connection) {
            while (!connection.read_head().empty()) {
                for (std::size_t at = 0; at < bytes.size(); at += piece) {
                    connection.send(std::string_view(bytes).substr(at, piece));
                }
            }
        });
        Client client(plain_http(server.port()));

        const Answer answer = ask(client);
        const Answer again = ask(client);

        ASSERT_TRUE(answer.page) << piece << ": " << answer.page.error().message;
        EXPECT_EQ(answer.page->tokens.size(), 3U);
        EXPECT_EQ(answer.exchange.body_bytes, length());
        EXPECT_TRUE(again.page);
        EXPECT_EQ(server.connections(), 1U);
    }
}

}  // namespace
}  // namespace exporter::datadog
