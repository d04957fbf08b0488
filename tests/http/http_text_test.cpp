#include "http/request.h"

#include <gtest/gtest.h>

#include <memory>

namespace exporter::http {
namespace {

TEST(ResponseHead, IsWrittenInFull) {
    Response response;
    response.content_type = "text/html";
    response.headers = {{"Content-Encoding", "gzip"}, {"Vary", "Accept-Encoding"}};
    response.shared_body = std::make_shared<const std::string>("12345");
    response.own_body = "678";
    EXPECT_EQ(response_head(response, false, base::Timestamp{}),
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
    const auto head = response_head(response, true, base::Timestamp{});
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
