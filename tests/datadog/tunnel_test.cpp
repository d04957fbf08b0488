// A proxy's response to CONNECT: afterwards the connection is either a tunnel to the target or unusable.
#include "datadog/answer_case.h"
#include "datadog/client.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using support::RawConnection;
using support::RawServer;

/// A TLS target behind a proxy that runs `answer` before it forwards bytes.
class Tunnelled {
  public:
    explicit Tunnelled(std::function<void(RawConnection&)> answer)
        : answer_(std::move(answer)), proxy_([this](RawConnection& connection) {
              if (!connection.read_head().empty()) {
                  answer_(connection);
                  connection.relay_to(target_.port());
              }
          }) {}

    [[nodiscard]] Answer ask(std::chrono::milliseconds limit = in_time) {
        ClientOptions options = plain_http(target_.port());
        options.endpoint.tls = true;
        options.commons = std::make_shared<Commons>(certificate_.certificate_file());
        options.proxy = config::Proxy{.host = "127.0.0.1", .port = proxy_.port(), .user = "", .password = {}};
        Client client(options);
        return datadog::ask(client, limit);
    }

  private:
    const std::function<void(RawConnection&)> answer_;
    const support::Certificate certificate_{"127.0.0.1"};
    RawServer target_{certificate_, support::answering([](const std::string& /*head*/) {
                          return ok_with_length("", three_tokens());
                      })};
    RawServer proxy_;
};

struct ConnectCase {
    std::string name;
    std::string bytes;
};

void PrintTo(const ConnectCase& row, std::ostream* out) {
    *out << row.name;
}

const auto name_of = [](const testing::TestParamInfo<ConnectCase>& info) { return info.param.name; };

constexpr const char* established = "HTTP/1.1 200 Connection established\r\n\r\n";

class OpenTunnel : public testing::TestWithParam<ConnectCase> {};

TEST_P(OpenTunnel, CarriesTheAnswer) {
    Tunnelled tunnelled([](RawConnection& connection) { connection.send(GetParam().bytes); });

    const Answer answer = tunnelled.ask();

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.page->tokens.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, OpenTunnel,
    testing::Values(
        ConnectCase{"Established", established},
        ConnectCase{"After100", std::string("HTTP/1.1 100 Continue\r\n\r\n") + established},
        ConnectCase{"After103WithHeaders",
                    std::string("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-A: b\r\n\r\n") + established},
        ConnectCase{
            "After102And100",
            std::string("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n") + established},
        ConnectCase{"AfterTwentyOfThem", times(20, "HTTP/1.1 103 Early Hints\r\n\r\n") + established},
        ConnectCase{"AfterOneWithALength",
                    std::string("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n") + established},
        // RFC 9110, 9.3.6: in a successful response they are ignored.
        ConnectCase{"WithALength", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
        ConnectCase{"WithTwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        ConnectCase{"InChunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        ConnectCase{"InGzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"},
        ConnectCase{"ToBeClosed", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
        ConnectCase{"LineFeedsAlone", "HTTP/1.1 200 OK\nX-A: b\n\n"},
        ConnectCase{"LineFeedsAloneAfterOther", "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\n\r\n"},
        ConnectCase{"EmptyReason", "HTTP/1.1 200 \r\n\r\n"}, ConnectCase{"NoReason", "HTTP/1.1 200\r\n\r\n"},
        ConnectCase{"OfHttp10", "HTTP/1.0 200 OK\r\nProxy-agent: x\r\n\r\n"},
        ConnectCase{"OtherSuccess", "HTTP/1.1 202 Accepted\r\n\r\n"}),
    name_of);

class ClosedTunnel : public testing::TestWithParam<ConnectCase> {};

TEST_P(ClosedTunnel, IsAConnectErrorAtOnce) {
    Tunnelled tunnelled([](RawConnection& connection) {
        connection.send(GetParam().bytes);
        connection.hold();
    });

    const Answer answer = tunnelled.ask();

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::connect)) << answer.page.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Answers, ClosedTunnel,
    testing::Values(ConnectCase{"After100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n"},
                    ConnectCase{
                        "After103",
                        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 502 Bad Gateway\r\n\r\n"},
                    ConnectCase{"SwitchingProtocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
                    ConnectCase{"SwitchingProtocolsAfter100",
                                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"},
                    ConnectCase{"LineFeedsAlone", "HTTP/1.1 403 Forbidden\nX-A: b\n\n"},
                    ConnectCase{"StatusOfFourDigits", "HTTP/1.1 2000 OK\r\n\r\n"},
                    ConnectCase{"OtherVersion", "HTTP/2 200\r\n\r\n"},
                    ConnectCase{"NoStatus", "HTTP/1.1\r\n\r\n"},
                    ConnectCase{"NoMinorVersion", "HTTP/1.\r\n\r\n"}, ConnectCase{"EmptyLines", "\r\n\r\n"},
                    ConnectCase{"NoHttpAfter100", "HTTP/1.1 100 Continue\r\n\r\nSSH-2.0-OpenSSH\r\n\r\n"}),
    name_of);

TEST(TunnelAfterInterimAnswers, FailsForGoodOnA407) {
    Tunnelled tunnelled([](RawConnection& connection) {
        connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        connection.hold();
    });

    const Answer answer = tunnelled.ask();

    ASSERT_FALSE(answer.page);
    EXPECT_THAT(answer.page.error().message, testing::HasSubstr("407"));
    EXPECT_TRUE(answer.page.error().definitive);
}

TEST(TunnelAfterInterimAnswers, FailsIfTheyNeverEnd) {
    Tunnelled tunnelled([](RawConnection& connection) {
        while (connection.send("HTTP/1.1 103 Early Hints\r\n\r\n")) {
        }
    });

    const Answer answer = tunnelled.ask();

    ASSERT_FALSE(answer.page);
    EXPECT_THAT(label(answer.page.error().kind),
                testing::AnyOf(label(ErrorKind::connect), label(ErrorKind::too_large)))
        << answer.page.error().message;
}

TEST(TunnelAfterInterimAnswers, TimesOutIfNothingFollows) {
    Tunnelled tunnelled([](RawConnection& connection) {
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        connection.hold();
    });

    const Answer answer = tunnelled.ask(300ms);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::timeout)) << answer.page.error().message;
}

}  // namespace
}  // namespace exporter::datadog
