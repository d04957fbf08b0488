// Faults before the request is sent.
#include "faults/fault_server.h"
#include "faults/monitored.h"
#include "support/certificate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

namespace exporter::faults {
namespace {

using datadog::ErrorKind;
using support::Certificate;
using testing::HasSubstr;

config::Endpoint https(std::uint16_t port) {
    return {.tls = true, .host = "127.0.0.1", .port = port};
}

/// Runs a poll that must fail: checks the reason, that the inventory stays, and the duration.
void expect_failure(Monitored& monitored, ErrorKind reason, std::string_view words) {
    const auto before = monitored.snapshot();
    const auto start = std::chrono::steady_clock::now();

    EXPECT_FALSE(monitored.poll());

    EXPECT_LT(std::chrono::steady_clock::now() - start, slowest_poll);
    EXPECT_EQ(monitored.failures(reason), before.statistics.failures[static_cast<std::size_t>(reason)] + 1)
        << monitored.log();
    EXPECT_EQ(monitored.snapshot().inventory, before.inventory);
    EXPECT_THAT(monitored.log(), HasSubstr(std::string("reason=") + std::string(label(reason))));
    EXPECT_THAT(monitored.log(), HasSubstr(std::string(words)));
}

void expect_healthy(Monitored& monitored) {
    ASSERT_TRUE(monitored.poll()) << monitored.log();
    EXPECT_EQ(monitored.snapshot().inventory->tokens, healthy_tokens);
}

TEST(ConnectionFault, HostDoesNotResolve) {
    Monitored monitored({.tls = false, .host = "no-such-host.invalid", .port = 80}, "");

    expect_failure(monitored, ErrorKind::dns, "no-such-host.invalid does not resolve");

    EXPECT_EQ(monitored.snapshot().inventory, nullptr);
    EXPECT_EQ(monitored.snapshot().statistics.requests.at(0), with_retries);
}

TEST(ConnectionFault, ServerThatIsDownAndComesBack) {
    std::optional<FaultServer> server(std::in_place);
    const std::uint16_t port = server->port();
    Monitored monitored(port);
    expect_healthy(monitored);

    server.reset();
    expect_failure(monitored, ErrorKind::connect, "no connection to http://127.0.0.1:");
    server.emplace(port);

    expect_healthy(monitored);
}

TEST(ConnectionFault, ConnectionIsNeverAccepted) {
    std::optional<FaultServer> server(std::in_place);
    const std::uint16_t port = server->port();
    Monitored monitored(port);
    expect_healthy(monitored);

    server.reset();
    {
        const support::UnresponsivePort unresponsive(port);
        expect_failure(monitored, ErrorKind::connect, "no answer in time");
    }
    server.emplace(port);

    expect_healthy(monitored);
}

/// The healthy listing over TLS, on a port whose certificate changes.
class TlsFault : public testing::Test {
  protected:
    TlsFault() {
        serve(good_);
        port_ = server_->port();
    }

    void serve(const Certificate& certificate) {
        server_.reset();
        server_.emplace(certificate, port_);
    }

    /// Healthy polls before and after. In between the server presents `certificate`, which is in the
    /// exporter's CA file if `trusted`.
    void check(const Certificate& certificate, bool trusted, std::string_view words) {
        const std::string ca_file = good_.certificate_file() + ".and-more";
        {
            std::ofstream out(ca_file);
            out << std::ifstream(good_.certificate_file()).rdbuf();
            if (trusted) {
                out << std::ifstream(certificate.certificate_file()).rdbuf();
            }
        }
        Monitored monitored(https(port_), ca_file);
        expect_healthy(monitored);

        serve(certificate);
        expect_failure(monitored, ErrorKind::tls, words);
        EXPECT_EQ(server_->requests(), 0U) << "credentials were sent to an unauthenticated server";
        serve(good_);

        expect_healthy(monitored);
    }

    const Certificate good_{"127.0.0.1"};
    std::uint16_t port_ = 0;
    std::optional<FaultServer> server_;
};

TEST_F(TlsFault, RedirectToPlainHttp) {
    FaultServer elsewhere;
    Monitored monitored(https(port_), good_.certificate_file());
    expect_healthy(monitored);

    server_->set_fault([&](support::RawConnection& connection, const Request&) {
        connection.send(
            response("302 Found", "", fmt::format("Location: http://127.0.0.1:{}/\r\n", elsewhere.port())));
        return Then::keep_alive;
    });
    expect_failure(monitored, ErrorKind::redirect, "302 from 127.0.0.1");
    EXPECT_EQ(server_->requests(), 1U);
    EXPECT_EQ(elsewhere.requests(), 0U);
    server_->set_fault(nullptr);

    expect_healthy(monitored);
}

TEST_F(TlsFault, ExpiredCertificate) {
    check(Certificate("127.0.0.1", -1), true, "expired");
}

TEST_F(TlsFault, SelfSignedCertificate) {
    check(Certificate("127.0.0.1"), false, "self-signed");
}

TEST_F(TlsFault, CertificateOfAnotherHost) {
    check(Certificate("192.0.2.1"), true, "no secure connection");
}

/// Runs `script` on connections that should start with a TLS handshake, then serves the listing again.
void check_handshake(support::RawServer::Script script, ErrorKind reason, std::string_view words) {
    const Certificate certificate("127.0.0.1");
    std::optional<support::RawServer> broken(std::in_place, std::move(script));
    const std::uint16_t port = broken->port();
    Monitored monitored(https(port), certificate.certificate_file());

    expect_failure(monitored, reason, words);
    broken.reset();

    const FaultServer server(certificate, port);
    EXPECT_TRUE(monitored.poll()) << monitored.log();
}

TEST(TlsHandshake, WithAServerThatSpeaksPlainHttp) {
    check_handshake(
        [](support::RawConnection& connection) {
            connection.send(response("400 Bad Request", "The plain HTTP request was sent to HTTPS port"));
        },
        ErrorKind::tls, "wrong version number");
}

TEST(TlsHandshake, ThatIsNeverAnswered) {
    check_handshake([](support::RawConnection& connection) { connection.hold(); }, ErrorKind::timeout, "");
}

TEST(TlsHandshake, ThatIsClosed) {
    check_handshake([](support::RawConnection& connection) { connection.read_some(); }, ErrorKind::network,
                    "broke in the TLS handshake");
}

TEST(TlsHandshake, ThatIsReset) {
    check_handshake(
        [](support::RawConnection& connection) {
            connection.read_some();  // Otherwise the reset may arrive before connect() returns.
            connection.reset();
        },
        ErrorKind::network, "broke in the TLS handshake");
}

TEST(TlsHandshake, FailsIfTheServerDemandsAClientCertificate) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const Certificate certificate("127.0.0.1");
        const support::RawServer server(certificate,
                                        [](support::RawConnection& connection) { connection.hold(); },
                                        {.tls_version = version, .demands_client_certificate = true});
        Monitored monitored(https(server.port()), certificate.certificate_file());

        expect_failure(monitored, ErrorKind::tls, "client certificate");

        EXPECT_EQ(server.connections(), 1U) << "a retry would fail the same way";
    }
}

}  // namespace
}  // namespace exporter::faults
