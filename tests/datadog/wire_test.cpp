// What is taken of an answer before anything understands it.
#include "datadog/wire.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;

/// Before an answer of at most so many bytes.
Wire wire_for(std::uint64_t bytes = 1 << 20) {
    Wire wire;
    wire.begin(bytes, 1s, std::chrono::steady_clock::now() + 1s);
    return wire;
}

std::string lines(std::size_t count, const std::string& line) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += line;
    }
    return text;
}

TEST(Wire, TakesALineOf8KiBBeforeTheBody) {
    Wire wire = wire_for();
    EXPECT_TRUE(wire.note("HTTP/1.1 200 OK\r\n" + std::string(8192, 'x') + "\n"));
}

TEST(Wire, RefusesALongerLineBeforeItsEndHasCome) {
    Wire wire = wire_for();
    EXPECT_FALSE(wire.note("HTTP/1.1 200 OK\r\n" + std::string(8193, 'x')));
    EXPECT_EQ(wire.excess(), "a line of over 8 KiB, over 100 lines or over 64 KiB before or after the body");
}

TEST(Wire, RefusesALongStatusLineThatComesByteByByte) {
    Wire wire = wire_for();
    for (int i = 0; i < 8192; ++i) {
        ASSERT_TRUE(wire.note("x"));
    }
    EXPECT_FALSE(wire.note("x"));
}

TEST(Wire, Takes100LinesAndTheEmptyOneBeforeTheBody) {
    Wire wire = wire_for();
    EXPECT_TRUE(wire.note("HTTP/1.1 200 OK\r\n" + lines(99, "a: b\r\n") + "\r\n" + lines(500, "body\n")));
}

TEST(Wire, RefusesMoreLinesBeforeTheBody) {
    Wire wire = wire_for();
    EXPECT_FALSE(wire.note("HTTP/1.1 200 OK\r\n" + lines(100, "a: b\r\n") + "\r\n"));
}

TEST(Wire, CountsTheLinesOfAllAnswersThatAnnounceAnother) {
    Wire wire = wire_for();
    EXPECT_TRUE(wire.note(lines(50, "HTTP/1.1 100 Continue\r\n\r\n")));
    EXPECT_FALSE(wire.note(lines(1, "HTTP/1.1 100 Continue\r\n\r\n")));
}

TEST(Wire, Takes64KiBBeforeTheBodyAndNoMore) {
    const std::string eight_lines = lines(8, std::string(8000, 'x') + "\r\n");
    const std::string begin = "HTTP/1.1 200 OK\r\n" + eight_lines;
    const std::string rest((std::size_t{64} << 10) - begin.size() - 4, 'x');
    EXPECT_TRUE(wire_for().note(begin + rest + "\r\n\r\nbody"));
    EXPECT_FALSE(wire_for().note(begin + rest + "x\r\n\r\n"));
}

// cpp-httplib skips such a line, and the head goes on.
TEST(Wire, SeesNoEndOfTheHeadInALineWithoutACarriageReturn) {
    Wire wire = wire_for();
    EXPECT_FALSE(wire.note("HTTP/1.1 200 OK\r\n\n" + std::string(8193, 'x')));
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Wire, TakesChunksOfAnySizeThatComeInPieces) {
    const std::string bytes = chunked_head + "1;name=value\r\nx\r\nffff\r\n" + std::string(0xffff, 'x') +
                              "\r\n2000\r\n" + lines(0x1000, "\n\r") + "\r\n0\r\nA: trailer\r\n\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, bytes.size()}) {
        Wire wire = wire_for();
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            ASSERT_TRUE(wire.note(std::string_view(bytes).substr(at, piece)))
                << piece << ": " << wire.excess();
        }
    }
}

TEST(Wire, TakesALineOf1KiBBetweenChunksAndNoMore) {
    EXPECT_TRUE(wire_for().note(chunked_head + "1;" + std::string(1022, 'x')));
    Wire wire = wire_for();
    EXPECT_FALSE(wire.note(chunked_head + "1;" + std::string(1023, 'x')));
    EXPECT_EQ(wire.excess(), "a line of over 1 KiB between the chunks of the body");
}

TEST(Wire, RefusesALongLineWhereAChunkEnds) {
    EXPECT_FALSE(wire_for().note(chunked_head + "1\r\nx" + std::string(1025, 'x')));
}

TEST(Wire, RefusesALongSizeInZeros) {
    EXPECT_FALSE(wire_for().note(chunked_head + std::string(1025, '0')));
}

/// What is no size ends the answer for cpp-httplib; whoever is less strict still gets no more than a line.
TEST(Wire, RefusesALongLineAfterASizeThatIsNone) {
    for (const std::string size : {"", "x", "ffffffffffffffffff", "-1", ";"}) {
        EXPECT_FALSE(wire_for().note(chunked_head + size + "\r\n" + std::string(1025, 'x'))) << size;
    }
}

TEST(Wire, BoundsTheLinesAfterTheLastChunkAsThoseBeforeTheBody) {
    const std::string begin = chunked_head + "1\r\nx\r\n0\r\n";
    EXPECT_TRUE(wire_for().note(begin + lines(100, "a: b\r\n") + "\r\n"));
    EXPECT_FALSE(wire_for().note(begin + lines(101, "a: b\r\n") + "\r\n"));
    EXPECT_TRUE(wire_for().note(begin + std::string(8192, 'x')));
    EXPECT_FALSE(wire_for().note(begin + std::string(8193, 'x')));
    EXPECT_FALSE(wire_for().note(begin + lines(9, std::string(8000, 'x') + "\r\n")));
}

/// As cpp-httplib reads the header's name and value, percent-encoding included.
TEST(Wire, FollowsChunksHoweverTheyAreAnnounced) {
    for (const std::string header :
         {"transfer-encoding:chunked", "TRANSFER-ENCODING: CHUNKED", "Transfer-Encoding: %63hunked",
          "a: b\r\nTransfer-Encoding:\tchunked \r\nc: d"}) {
        EXPECT_FALSE(wire_for().note("HTTP/1.1 200 OK\r\n" + header + "\r\n\r\n1;" + std::string(1023, 'x')))
            << header;
    }
}

TEST(Wire, FollowsNoChunksOfABodyThatHasNone) {
    EXPECT_TRUE(wire_for().note("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(9000, 'x')));
    EXPECT_TRUE(
        wire_for().note("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" +
                        std::string(9000, 'x')));
}

TEST(Wire, TakesNoMoreBytesThanAnAnswerMayHave) {
    Wire wire = wire_for(100);
    EXPECT_TRUE(wire.note("HTTP/1.1 200 OK\r\n\r\n" + std::string(81, 'x')));
    EXPECT_FALSE(wire.note("x"));
    EXPECT_EQ(wire.excess(), "more than a page may have");
}

}  // namespace
}  // namespace exporter::datadog
