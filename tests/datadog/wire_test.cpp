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
    EXPECT_EQ(wire.excess(), "a line of over 8 KiB, or over 100 lines, before the body");
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

TEST(Wire, TakesNoMoreBytesThanAnAnswerMayHave) {
    Wire wire = wire_for(100);
    EXPECT_TRUE(wire.note("HTTP/1.1 200 OK\r\n\r\n" + std::string(81, 'x')));
    EXPECT_FALSE(wire.note("x"));
    EXPECT_EQ(wire.excess(), "more than a page may have");
}

}  // namespace
}  // namespace exporter::datadog
