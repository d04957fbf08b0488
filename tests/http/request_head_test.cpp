// How the reader turns bytes into requests, however the network splits them.
#include "http/client.h"
#include "http/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::http {
namespace {

using ::testing::ElementsAre;
using testing::get;

/// What the reader returns for `bytes` in pieces of `piece`: one path per request, followed by the status if
/// one is rejected.
std::vector<std::string> read_all(std::string_view bytes, std::size_t piece) {
    HeadReader reader;
    std::vector<std::string> read;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        reader.feed(bytes.substr(0, piece));
        auto next = reader.next();
        for (; next && *next; next = reader.next()) {
            read.push_back((*next)->request.path);
        }
        if (!next) {
            read.push_back(std::to_string(next.error()));
            return read;
        }
    }
    return read;
}

TEST(HeadReader, SplitsHeadsHoweverTheBytesArrive) {
    const std::string bytes =
        get("/one") + get("/two", "X: a\r\n") + "\r\n" + get("/three") + "GET /four HTTP/7\r\n\r\n";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        ASSERT_THAT(read_all(bytes, piece), ElementsAre("/one", "/two", "/three", "505"))
            << "in pieces of " << piece;
    }
}

TEST(HeadReader, RefusesAHeadOneByteOverTheLimit) {
    const std::string fields = "X: ";
    const std::string rest = get("/", fields + "\r\n");
    const std::string just_fits = get("/", fields + std::string(head_limit - rest.size(), 'x') + "\r\n");
    ASSERT_EQ(just_fits.size(), head_limit);
    EXPECT_THAT(read_all(just_fits, 1000), ElementsAre("/"));
    EXPECT_THAT(read_all(get("/", fields + std::string(head_limit - rest.size() + 1, 'x') + "\r\n"), 1000),
                ElementsAre("431"));
}

TEST(HeadReader, RefusesALineWithoutEndAtTheLimit) {
    EXPECT_THAT(read_all("GET /" + std::string(head_limit - 5, 'x'), 1000), ElementsAre());
    EXPECT_THAT(read_all("GET /" + std::string(head_limit - 4, 'x'), 1000), ElementsAre("414"));
}

TEST(HeadReader, JoinsFieldsOfOneName) {
    HeadReader reader;
    reader.feed(get("/", "Accept: a\r\nAuthorization: Basic x\r\naccept: b\r\nAccept-Encoding: gzip\r\n"));
    const auto head = reader.next().value().value();
    EXPECT_EQ(head.request.accept, "a,b");
    EXPECT_EQ(head.request.accept_encoding, "gzip");
    EXPECT_EQ(head.authorization, "Basic x");
}

TEST(HeadReader, IsEmptyBetweenRequests) {
    HeadReader reader;
    EXPECT_TRUE(reader.empty());
    reader.feed(get("/") + "G");
    EXPECT_FALSE(reader.empty());
    EXPECT_TRUE(reader.next().value());
    EXPECT_FALSE(reader.empty()) << "the next request has begun";
    reader.feed(get("/").substr(1));
    EXPECT_TRUE(reader.next().value());
    EXPECT_TRUE(reader.empty());
}

TEST(HeadReader, ClosesUnlessTheRequestAllowsKeepAlive) {
    struct Case {
        std::string bytes;
        bool keep_alive;
    };
    for (const auto& [bytes, keep_alive] :
         {Case{get("/"), true}, Case{get("/", "Connection: close\r\n"), false},
          Case{"GET / HTTP/1.0\r\n\r\n", false}, Case{"POST / HTTP/1.1\r\nHost: a\r\n\r\n", false},
          Case{"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true}}) {
        HeadReader reader;
        reader.feed(bytes);
        EXPECT_EQ(reader.next().value().value().keep_alive, keep_alive) << bytes;
    }
}

}  // namespace
}  // namespace exporter::http
