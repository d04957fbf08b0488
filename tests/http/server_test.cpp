#include "http/server.h"

#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace exporter::http {
namespace {

using testing::Body;
using testing::Client;
using testing::echo;
using testing::get;
using testing::patience;
using testing::start_server;

TEST(Server, ReportsTheRealPortForPort0) {
    const auto server = start_server(echo);
    ASSERT_EQ(server->addresses().size(), 1U);
    EXPECT_NE(server->addresses()[0].port, 0);
}

TEST(Server, ListensOnEachAddress) {
    auto server = Server::start({.addresses = {{"127.0.0.1", 0}, {"127.0.0.2", 0}}}, echo);
    ASSERT_TRUE(server) << server.error();
    ASSERT_EQ((*server)->addresses().size(), 2U);
    for (const auto& [host, port] : {std::pair{"127.0.0.1", (*server)->addresses()[0].port},
                                     std::pair{"127.0.0.2", (*server)->addresses()[1].port}}) {
        Client client(port, host);
        client.send(get("/"));
        EXPECT_EQ(client.answer().value().status, 200) << host;
    }
}

TEST(Server, AnswersWithTheHandlersStatusHeadersAndBothParts) {
    const auto server = start_server([](const Request&) {
        Response response;
        response.status = 503;
        response.content_type = "text/x-test";
        response.headers = {{"X-Test", "yes"}};
        response.shared_body = std::make_shared<const std::string>("shared ");
        response.own_body = "own";
        return response;
    });
    Client client(server->addresses()[0].port);
    client.send(get("/"));
    const auto answer = client.answer().value();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "shared own");
    EXPECT_EQ(answer.headers.at("content-type"), "text/x-test");
    EXPECT_EQ(answer.headers.at("x-test"), "yes");
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
    EXPECT_TRUE(answer.headers.at("date").ends_with(" GMT"));
}

TEST(Server, GivesTheHandlerMethodPathAndAllAcceptEncodingFields) {
    const auto server = start_server([](const Request& request) {
        auto response = echo(request);
        response.own_body += ' ';
        response.own_body += request.accept_encoding;
        return response;
    });
    Client client(server->addresses()[0].port);
    client.send(get("/metrics?x=1", "Accept-Encoding: br\r\naccept-encoding: gzip;q=0.5\r\n"));
    EXPECT_EQ(client.answer().value().body, "GET /metrics br,gzip;q=0.5");
}

TEST(Server, KeepsAConnectionForTheNextRequest) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    for (const auto* path : {"/first", "/second", "/third"}) {
        client.send(get(path));
        const auto answer = client.answer().value();
        EXPECT_EQ(answer.body, std::string("GET ") + path);
        EXPECT_FALSE(answer.headers.contains("connection"));
    }
    EXPECT_EQ(server->connections(), 1U);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    std::string requests;
    for (int i = 0; i < 500; ++i) {
        requests += get("/" + std::to_string(i));
    }
    client.send(requests);
    for (int i = 0; i < 500; ++i) {
        ASSERT_EQ(client.answer().value().body, "GET /" + std::to_string(i));
    }
}

TEST(Server, ReadsARequestThatArrivesByteByByte) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    for (const char byte : get("/slow")) {
        client.send({&byte, 1});
    }
    EXPECT_EQ(client.answer().value().body, "GET /slow");
}

TEST(Server, SendsHeadTheHeadersOfGetWithoutABody) {
    const auto server = start_server([](const Request&) {
        Response response;
        response.shared_body = std::make_shared<const std::string>("12345");
        return response;
    });
    Client client(server->addresses()[0].port);
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/next"));
    const auto head = client.answer(Body::absent).value();
    EXPECT_EQ(head.headers.at("content-length"), "5");
    EXPECT_EQ(client.answer().value().body, "12345") << "the next response follows the head immediately";
}

TEST(Server, ClosesAfterAnHttp10Request) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto answer = client.answer().value();
    EXPECT_EQ(answer.body, "GET /old");
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(client.closed_within(patience));
}

TEST(Server, ClosesWhenTheClientAsksForIt) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send(get("/last", "Connection: close\r\n") + get("/ignored"));
    EXPECT_EQ(client.answer().value().headers.at("connection"), "close");
    EXPECT_TRUE(client.closed_within(patience));
    EXPECT_EQ(client.unread(), "");
}

TEST(Server, AnswersAClientThatHasClosedItsSide) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send(get("/"));
    client.end_of_input();
    EXPECT_EQ(client.answer().value().status, 200);
    EXPECT_TRUE(client.closed_within(patience));
}

TEST(Server, ClosesAfterOtherMethodsBecauseABodyMayFollow) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nGET / HTT");
    const auto answer = client.answer().value();
    EXPECT_EQ(answer.body, "POST /x");
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(client.closed_within(patience));
    EXPECT_EQ(client.unread(), "");
}

TEST(Server, AnswersAHandlersExceptionWithoutItsText) {
    const auto server = start_server([](const Request& request) -> Response {
        if (request.path == "/throws") {
            throw std::runtime_error("secret");
        }
        return echo(request);
    });
    Client client(server->addresses()[0].port);
    client.send(get("/throws"));
    const auto answer = client.answer().value();
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "Internal Server Error\n");
    client.send(get("/fine"));
    EXPECT_EQ(client.answer().value().status, 200) << "the server keeps running";
}

struct BadRequest {
    const char* name;
    std::string bytes;
    int status;
};

class RefusedRequest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(RefusedRequest, IsAnsweredAndTheConnectionCloses) {
    const auto server = start_server([](const Request&) -> Response { throw std::logic_error("reached"); });
    Client client(server->addresses()[0].port);
    client.send(GetParam().bytes);
    const auto answer = client.answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, GetParam().status);
    EXPECT_EQ(answer->headers.at("connection"), "close");
    EXPECT_TRUE(client.closed_within(patience));
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(client.unread(), "");
}

const std::string host = "Host: localhost\r\n";

INSTANTIATE_TEST_SUITE_P(
    Requests, RefusedRequest,
    ::testing::Values(
        BadRequest{"NotHttp", "\x16\x03\x01\x02\x01\x01\r\n\r\n", 400},
        BadRequest{"NoVersion", "GET /\r\n\r\n", 400},
        BadRequest{"UnknownVersion", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
        BadRequest{"FieldWithoutColon", "GET / HTTP/1.1\r\n" + host + "nonsense\r\n\r\n", 400},
        BadRequest{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        BadRequest{"TwoHosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
        BadRequest{"LengthThatIsNoNumber", get("/", "Content-Length: x\r\n"), 400},
        BadRequest{"TwoLengths", get("/", "Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
        BadRequest{"Body", get("/", "Content-Length: 4\r\n") + "body", 413},
        BadRequest{"LengthAndChunks", get("/", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400},
        BadRequest{"HugeBody", get("/", "Content-Length: 99999999999\r\n"), 413},
        BadRequest{"ChunkedBody", get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 413},
        BadRequest{"ChunkedLast", get("/", "Transfer-Encoding: gzip, Chunked\r\n"), 413},
        // 400, not 413, if the last coding is another one: then nothing marks the end of the body (RFC 9112,
        // 6.3).
        BadRequest{"OtherTransferCoding", get("/", "Transfer-Encoding: gzip\r\n"), 400},
        BadRequest{"NoTransferCoding", get("/", "Transfer-Encoding:\r\n"), 400},
        BadRequest{"TransferCodingAfterChunked", get("/", "Transfer-Encoding: chunked, x\r\n"), 400},
        BadRequest{"TransferCodingAndLength", get("/", "Transfer-Encoding: gzip\r\nContent-Length: 4\r\n"),
                   400},
        BadRequest{"OtherTransferCodingOfAPost",
                   "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 400},
        BadRequest{"LaterMinorVersion", "GET / HTTP/1.2\r\n" + host + "\r\n", 505},
        BadRequest{"EmptyLines", "\r\n\r\n" + get("/"), 400},
        BadRequest{"LongTarget", get("/" + std::string(8192, 'x')), 414},
        BadRequest{"TargetWithoutEnd", "GET /" + std::string(100000, 'x'), 414},
        BadRequest{"LongField", get("/", "X: " + std::string(100000, 'x') + "\r\n"), 431},
        BadRequest{"FieldWithoutEnd", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(100000, 'x'), 431}),
    [](const auto& test) { return test.param.name; });

TEST(Server, TakesATargetOf8KiBAndHeadersOf15000Bytes) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    const std::string path = "/" + std::string(8191, 'x');
    client.send(get(path));
    EXPECT_EQ(client.answer().value().body, "GET " + path);
    client.send(get("/", "X: " + std::string(15000, 'x') + "\r\n"));
    EXPECT_EQ(client.answer().value().status, 200);
}

TEST(Server, TakesARequestWithAnEmptyBody) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send(get("/", "Content-Length: 0\r\n") + get("/next"));
    EXPECT_EQ(client.answer().value().body, "GET /");
    EXPECT_EQ(client.answer().value().body, "GET /next");
}

}  // namespace
}  // namespace exporter::http
