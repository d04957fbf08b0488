#include "datadog/wire.h"

#include "support/certificate.h"
#include "support/scratch_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;

void require(bool done, const char* what) {
    if (!done) {
        throw std::runtime_error(what);
    }
}

const support::Authority& authority() {
    static const support::Authority authority("trusted");
    return authority;
}

/// A server at one end of a socket pair, which does one TLS handshake.
class Server {
  public:
    /// @param go_on called after the handshake
    explicit Server(
        const support::CertificateText& identity, std::function<void(SSL*)> go_on = [](SSL*) {})
        : go_on_(std::move(go_on)) {
        require(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()) == 0, "socketpair");
        require(::fcntl(sockets_[1], F_SETFL, O_NONBLOCK) == 0, "the client's socket");
        const std::shared_ptr<BIO> certificate(BIO_new_mem_buf(identity.certificate.data(), -1), BIO_free);
        const std::shared_ptr<X509> x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr),
                                         X509_free);
        const std::shared_ptr<BIO> key(BIO_new_mem_buf(identity.key.data(), -1), BIO_free);
        const std::shared_ptr<EVP_PKEY> pkey(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr),
                                             EVP_PKEY_free);
        require(SSL_CTX_use_certificate(context_.get(), x509.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(context_.get(), pkey.get()) == 1,
                "the server's certificate");
        thread_ = std::thread([this] {
            const std::shared_ptr<SSL> ssl(SSL_new(context_.get()), SSL_free);
            SSL_set_fd(ssl.get(), sockets_[0]);
            if (SSL_accept(ssl.get()) == 1) {
                go_on_(ssl.get());
            }
        });
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        ::shutdown(sockets_[1], SHUT_WR);  // SHUT_RDWR would make server writes raise SIGPIPE.
        thread_.join();
        ::close(sockets_[0]);
        ::close(sockets_[1]);
    }

    [[nodiscard]] int client_socket() const { return sockets_[1]; }

  private:
    const std::function<void(SSL*)> go_on_;
    std::array<int, 2> sockets_{};
    std::shared_ptr<SSL_CTX> context_{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    std::thread thread_;
};

TlsContext trusting_context() {
    const support::ScratchDirectory directory;
    directory.write("ca.pem", authority().certificate());
    return TlsContext(directory.path("ca.pem"));
}

/// The error message; empty: the connection was established.
std::string why_refused(const support::CertificateText& identity, const std::string& host) {
    const TlsContext context = trusting_context();
    const Server server(identity);
    Wire wire;
    wire.begin(10s, std::chrono::steady_clock::now() + 10s);
    wire.attach(server.client_socket());
    const auto started = wire.start_tls(context, host);
    return started ? "" : started.error().message;
}

TEST(TlsContext, RefusesAPipeAsCaFileAtOnce) {
    const support::ScratchDirectory directory;
    const std::string pipe = directory.path("ca.pem");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

    const TlsContext context(pipe);

    EXPECT_EQ(context.get(), nullptr);
    EXPECT_THAT(context.problem(), testing::HasSubstr("/ca.pem is not a regular file"));
}

struct HostCase {
    const char* name;
    std::vector<std::string> alternative_names;
    std::string common_name;
    std::string host;
    bool accepted;
};

class HostName : public ::testing::TestWithParam<HostCase> {};

TEST_P(HostName, MustBeAnAlternativeNameOfTheCertificate) {
    const HostCase& row = GetParam();
    const auto identity =
        authority().issue(row.alternative_names, 1, support::KeyKind::p256, row.common_name);

    const std::string refusal = why_refused(identity, row.host);

    if (row.accepted) {
        EXPECT_EQ(refusal, "");
    } else {
        EXPECT_THAT(refusal, testing::HasSubstr(row.host == "127.0.0.1" ? "IP address mismatch"
                                                                        : "hostname mismatch"));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Names, HostName,
    ::testing::Values(
        HostCase{"TheName", {"DNS:api.example.test"}, "issued", "api.example.test", true},
        HostCase{"TheNameInAnotherCase", {"DNS:API.Example.test"}, "issued", "api.example.test", true},
        HostCase{"OneOfSeveralNames", {"DNS:a.test", "DNS:b.test"}, "issued", "b.test", true},
        HostCase{"WholeLabelWildcard", {"DNS:*.example.test"}, "issued", "localhost.example.test", true},
        HostCase{"TheAddress", {"IP:127.0.0.1"}, "issued", "127.0.0.1", true},
        HostCase{"CommonNameAlone", {}, "localhost.example.test", "localhost.example.test", false},
        HostCase{"CommonNameBesideAnAddress",
                 {"IP:127.0.0.1"},
                 "localhost.example.test",
                 "localhost.example.test",
                 false},
        HostCase{"CommonNameThatIsTheAddress", {}, "127.0.0.1", "127.0.0.1", false},
        HostCase{"WildcardInTheCommonName", {}, "*.example.test", "localhost.example.test", false},
        HostCase{
            "PartialWildcardBehind", {"DNS:loc*.example.test"}, "issued", "localhost.example.test", false},
        HostCase{
            "PartialWildcardBefore", {"DNS:*host.example.test"}, "issued", "localhost.example.test", false},
        HostCase{"WildcardForTwoLabels", {"DNS:*.test"}, "issued", "localhost.example.test", false},
        HostCase{"AnotherName", {"DNS:other.example.test"}, "issued", "localhost.example.test", false}),
    [](const auto& test) { return test.param.name; });

/// How many bytes the client reads from a server that sends `updates` KeyUpdates and then a word; negative:
/// the connection failed.
ssize_t bytes_after_key_updates(int updates) {
    const Server server(authority().issue({"DNS:a.test"}), [updates](SSL* ssl) {
        for (int i = 0; i < updates; ++i) {
            SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
            SSL_do_handshake(ssl);
        }
        SSL_write(ssl, "word", 4);
    });
    const TlsContext context = trusting_context();
    Wire wire;
    wire.begin(10s, std::chrono::steady_clock::now() + 10s);
    wire.attach(server.client_socket());
    EXPECT_TRUE(wire.start_tls(context, "a.test"));
    std::array<char, 100> bytes{};
    return wire.read(bytes.data(), bytes.size());
}

// 14, because the server may also send two session tickets.
TEST(TlsConnection, SurvivesSomeEmptyRecords) {
    EXPECT_EQ(bytes_after_key_updates(14), 4);
}

TEST(TlsConnection, FailsAt17EmptyRecordsInARow) {
    EXPECT_LT(bytes_after_key_updates(17), 0);
}

}  // namespace
}  // namespace exporter::datadog
