// A body that ends with its connection, over TLS: RFC 9112, 9.8.
#include "datadog/answer_case.h"
#include "datadog/client.h"
#include "support/certificate.h"
#include "support/raw_server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace exporter::datadog {
namespace {

using support::RawConnection;
using support::RawServer;

/// What a client gets that is sent this over TLS, and then the end, which TLS is told of or not.
Answer answer_to(const std::string& bytes, bool says_goodbye) {
    const support::Certificate certificate("127.0.0.1");
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    EXPECT_EQ(
        SSL_CTX_use_certificate_file(context.get(), certificate.certificate_file().c_str(), SSL_FILETYPE_PEM),
        1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file().c_str(), SSL_FILETYPE_PEM),
              1);
    RawServer server([&](RawConnection& connection) {
        const std::shared_ptr<SSL> ssl(SSL_new(context.get()), SSL_free);
        SSL_set_fd(ssl.get(), connection.socket());
        std::string request(4096, '\0');
        if (SSL_accept(ssl.get()) != 1 ||
            SSL_read(ssl.get(), request.data(), static_cast<int>(request.size())) <= 0) {
            return;
        }
        SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (says_goodbye) {
            SSL_shutdown(ssl.get());
        }
    });
    ClientOptions options = plain_http(server.port());
    options.endpoint.tls = true;
    options.commons = std::make_shared<Commons>(certificate.certificate_file());
    Client client(options);
    return ask(client);
}

TEST(BodyToTheEndOfTls, IsReadWhereTlsIsEnded) {
    const Answer answer = answer_to(ok("", three_tokens()), true);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.page->tokens.size(), 3U);
}

// Anyone on the way can end a connection, but not TLS.
TEST(BodyToTheEndOfTls, IsNoAnswerWhereTheConnectionAloneIsEnded) {
    const Answer answer = answer_to(ok("", three_tokens()), false);

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(ErrorKind::network)) << answer.page.error().message;
}

TEST(BodyToTheEndOfTls, NeedsNoEndWhereItHasALength) {
    const Answer answer = answer_to(ok_with_length("", three_tokens()), false);

    EXPECT_TRUE(answer.page) << answer.page.error().message;
}

}  // namespace
}  // namespace exporter::datadog
