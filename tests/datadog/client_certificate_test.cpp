// Certificates: servers that require one from the client, which has none, and the trusted CAs.
#include "datadog/answer_case.h"
#include "datadog/client.h"
#include "support/raw_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <ostream>

namespace exporter::datadog {
namespace {

using support::RawConnection;
using support::RawServer;

ClientOptions over_tls(std::uint16_t port, const support::Certificate& certificate) {
    ClientOptions options = plain_http(port);
    options.endpoint.tls = true;
    options.commons = std::make_shared<Commons>(certificate.certificate_file());
    return options;
}

void expect_demand(const Answer& answer) {
    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::tls)) << answer.page.error().message;
    EXPECT_THAT(answer.page.error().message, testing::HasSubstr("client certificate"));
}

/// What the server does after rejecting a client.
enum class AfterRefusal { waits, closes };

RawServer demanding(const support::Certificate& certificate, int version,
                    AfterRefusal after = AfterRefusal::waits) {
    return RawServer(certificate,
                     [after](RawConnection& connection) {
                         if (after == AfterRefusal::waits) {
                             connection.hold();
                         }
                     },
                     {.tls_version = version, .demands_client_certificate = true});
}

struct DemandCase {
    const char* name;
    int version;
    AfterRefusal after;
};

void PrintTo(const DemandCase& row, std::ostream* out) {
    *out << row.name;
}

class ClientCertificate : public testing::TestWithParam<DemandCase> {};

TEST_P(ClientCertificate, DemandIsReportedAsATlsError) {
    const support::Certificate certificate("127.0.0.1");
    const RawServer server = demanding(certificate, GetParam().version, GetParam().after);
    Client client(over_tls(server.port(), certificate));

    expect_demand(ask(client));
    expect_demand(ask(client));

    EXPECT_EQ(server.connections(), 2U) << "one for each request";
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificate,
                         testing::Values(DemandCase{"Tls13", TLS1_3_VERSION, AfterRefusal::waits},
                                         DemandCase{"Tls13AndTheEnd", TLS1_3_VERSION, AfterRefusal::closes},
                                         DemandCase{"Tls12", TLS1_2_VERSION, AfterRefusal::waits},
                                         DemandCase{"Tls12AndTheEnd", TLS1_2_VERSION, AfterRefusal::closes}),
                         [](const auto& test) { return test.param.name; });

TEST(ClientCertificateBehindAProxy, IsNamedAsWell) {
    const support::Certificate certificate("127.0.0.1");
    const RawServer server = demanding(certificate, TLS1_3_VERSION);
    RawServer proxy([&server](RawConnection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 Connection established\r\n\r\n");
        connection.relay_to(server.port());
    });
    ClientOptions options = over_tls(server.port(), certificate);
    options.proxy = config::Proxy{.host = "127.0.0.1", .port = proxy.port(), .user = "", .password = {}};
    Client client(options);

    expect_demand(ask(client));
}

/// Clients share the trusted CAs through `commons`.
TEST(TrustedAuthorities, AreThoseOfTheLatestFile) {
    const support::Certificate former("127.0.0.1");
    const support::Certificate current("127.0.0.1");
    const RawServer server(current, support::answering([](const std::string&) {
                               return support::response("200 OK", R"({"data":[]})");
                           }));
    const ClientOptions options = over_tls(server.port(), former);
    const auto is_trusted = [&options] {
        Client client(options);
        return ask(client).page.has_value();
    };
    ASSERT_FALSE(is_trusted());

    EXPECT_EQ(options.commons->renew_trust(current.certificate_file()), "");

    EXPECT_TRUE(is_trusted());
}

TEST(TrustedAuthorities, StayIfTheNewFileIsUnreadable) {
    const support::Certificate certificate("127.0.0.1");
    Commons commons(certificate.certificate_file());

    EXPECT_THAT(commons.renew_trust("/nowhere/roots.pem"), testing::HasSubstr("/nowhere/roots.pem"));

    EXPECT_NE(commons.trust().get(), nullptr);
}

}  // namespace
}  // namespace exporter::datadog
