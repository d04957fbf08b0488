// Bodies delimited by the end of a TLS connection (RFC 9112, 9.8).
#include "datadog/answer_case.h"
#include "datadog/client.h"
#include "support/certificate.h"
#include "support/raw_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace exporter::datadog {
namespace {

using support::RawConnection;
using support::RawServer;

/// The client's result for these bytes over TLS, after which the server closes, with or without close_notify.
Answer answer_to(const std::string& bytes, bool says_goodbye) {
    const support::Certificate certificate("127.0.0.1");
    RawServer server(certificate, [&](RawConnection& connection) {
        if (!connection.read_head().empty() && connection.send(bytes) && says_goodbye) {
            connection.end_tls();
        }
    });
    ClientOptions options = plain_http(server.port());
    options.endpoint.tls = true;
    options.commons = std::make_shared<Commons>(certificate.certificate_file());
    Client client(options);
    return ask(client);
}

TEST(BodyToTheEndOfTls, IsReadAfterACleanEnd) {
    const Answer answer = answer_to(ok("", three_tokens()), true);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.page->tokens.size(), 3U);
}

// An attacker on the path can close the TCP connection but can't forge close_notify.
TEST(BodyToTheEndOfTls, IsRefusedWithoutACleanEnd) {
    const Answer answer = answer_to(ok("", three_tokens()), false);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::network)) << answer.page.error().message;
}

TEST(BodyToTheEndOfTls, NeedsNoEndIfItHasALength) {
    const Answer answer = answer_to(ok_with_length("", three_tokens()), false);

    EXPECT_TRUE(answer.page) << answer.page.error().message;
}

}  // namespace
}  // namespace exporter::datadog
