#include "http/http_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace exporter::http {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST(HttpDate, IsTheFixedFormOfTheStandard) {
    const system_clock::time_point example_of_the_standard{seconds(784111777)};
    EXPECT_EQ(http_date(example_of_the_standard), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDate, DropsFractionsOfASecond) {
    EXPECT_EQ(http_date(system_clock::time_point{std::chrono::milliseconds(999)}),
              "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, KnowsLeapDays) {
    EXPECT_EQ(http_date(system_clock::time_point{seconds(1709251199)}), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(ResponseHead, IsWrittenInFull) {
    Response response;
    response.content_type = "text/html";
    response.headers = {{"Content-Encoding", "gzip"}, {"Vary", "Accept-Encoding"}};
    response.shared_body = std::make_shared<const std::string>("12345");
    response.own_body = "678";
    EXPECT_EQ(response_head(response, false, system_clock::time_point{}),
              "HTTP/1.1 200 OK\r\n"
              "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
              "Content-Type: text/html\r\n"
              "Content-Length: 8\r\n"
              "X-Content-Type-Options: nosniff\r\n"
              "Cache-Control: no-store\r\n"
              "Content-Encoding: gzip\r\n"
              "Vary: Accept-Encoding\r\n"
              "\r\n");
}

TEST(ResponseHead, AnnouncesThatTheConnectionCloses) {
    Response response;
    response.status = 431;
    const auto head = response_head(response, true, system_clock::time_point{});
    EXPECT_TRUE(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n")) << head;
    EXPECT_TRUE(head.ends_with("\r\nConnection: close\r\n\r\n")) << head;
}

struct Target {
    const char* name;
    const char* target;
    const char* path;
};

class PathOf : public ::testing::TestWithParam<Target> {};

TEST_P(PathOf, RequestTarget) {
    EXPECT_EQ(path_of(GetParam().target), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(Targets, PathOf,
                         ::testing::Values(Target{"Plain", "/metrics", "/metrics"},                         //
                                           Target{"Query", "/metrics?name[]=up", "/metrics"},               //
                                           Target{"EmptyQuery", "/?", "/"},                                 //
                                           Target{"Absolute", "http://host:80/metrics?x=1", "/metrics"},    //
                                           Target{"AbsoluteWithoutPath", "http://host", "/"},               //
                                           Target{"AbsoluteWithQueryOnly", "http://host?x=/y", "/"},        //
                                           Target{"AddressInAQuery", "/go?to=http://host/metrics", "/go"},  //
                                           Target{"AddressInAPath", "/go/http://host/metrics",
                                                  "/go/http://host/metrics"},
                                           Target{"Asterisk", "*", "*"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::http
