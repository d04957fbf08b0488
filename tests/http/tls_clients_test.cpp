// Which client certificates a TLS context accepts.
#include "http/tls.h"
#include "support/certificate.h"
#include "tls_peer.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <ostream>
#include <string>
#include <tuple>
#include <vector>

namespace exporter::http::testing {
namespace {

const support::Authority& trusted() {
    static const support::Authority made("trusted");
    return made;
}

const support::Authority& stranger() {
    static const support::Authority made("stranger");
    return made;
}

TlsOptions options_for(ClientAuth auth) {
    static const auto identity = trusted().issue({"DNS:localhost"});
    TlsOptions options;
    options.certificate = identity.certificate;
    options.key = base::Secret(identity.key);
    options.client_auth = auth;
    if (auth == ClientAuth::verify_if_given || auth == ClientAuth::require_and_verify) {
        options.client_ca = trusted().certificate();
    }
    return options;
}

bool lets_in(const TlsOptions& options, const support::CertificateText& identity, int version = 0) {
    const auto context = TlsContext::make(options);
    EXPECT_TRUE(context.has_value()) << context.error();
    Connection connection(**context, {.identity = identity, .version = version});
    return connection.shake_hands() == Progress::done;
}

struct AuthCase {
    const char* name;
    ClientAuth auth;
    bool nobody;      ///< whether a client without a certificate gets in
    bool unverified;  ///< whether one with an expired certificate or an unknown CA's gets in
};

std::ostream& operator<<(std::ostream& out, const AuthCase& c) {
    return out << c.name;
}

class TlsClientAuth : public ::testing::TestWithParam<std::tuple<AuthCase, int>> {
  protected:
    [[nodiscard]] static bool enters(const support::CertificateText& identity) {
        return lets_in(options_for(std::get<0>(GetParam()).auth), identity, std::get<1>(GetParam()));
    }
};

TEST_P(TlsClientAuth, DecidesWhoGetsInWithoutACertificate) {
    EXPECT_EQ(enters({}), std::get<0>(GetParam()).nobody);
}

TEST_P(TlsClientAuth, DecidesWhoGetsInWithACertificateOfAnUnknownAuthority) {
    EXPECT_EQ(enters(stranger().issue({})), std::get<0>(GetParam()).unverified);
}

TEST_P(TlsClientAuth, DecidesWhoGetsInWithAnExpiredCertificate) {
    EXPECT_EQ(enters(trusted().issue({}, -1)), std::get<0>(GetParam()).unverified);
}

TEST_P(TlsClientAuth, AdmitsAnyValidCertificate) {
    EXPECT_TRUE(enters(trusted().issue({})));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TlsClientAuth,
    ::testing::Combine(::testing::Values(AuthCase{"None", ClientAuth::none, true, true},
                                         AuthCase{"Request", ClientAuth::request, true, true},
                                         AuthCase{"RequireAny", ClientAuth::require_any, false, true},
                                         AuthCase{"VerifyIfGiven", ClientAuth::verify_if_given, true, false},
                                         AuthCase{"RequireAndVerify", ClientAuth::require_and_verify, false,
                                                  false}),
                       ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION)),
    [](const auto& test) {
        return std::string(std::get<0>(test.param).name) +
               (std::get<1>(test.param) == TLS1_2_VERSION ? "In12" : "In13");
    });

struct NameCase {
    const char* name;
    std::vector<std::string> certificate;
    std::vector<std::string> allowed;
    bool enters;
};

std::ostream& operator<<(std::ostream& out, const NameCase& c) {
    return out << c.name;
}

class TlsClientNames : public ::testing::TestWithParam<NameCase> {};

TEST_P(TlsClientNames, DecideWhoGetsIn) {
    for (const auto auth : {ClientAuth::require_any, ClientAuth::require_and_verify}) {
        auto options = options_for(auth);
        options.client_allowed_sans = GetParam().allowed;
        EXPECT_EQ(lets_in(options, trusted().issue(GetParam().certificate)), GetParam().enters);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Names, TlsClientNames,
    ::testing::Values(
        NameCase{"Dns", {"DNS:prometheus.example"}, {"prometheus.example"}, true},
        NameCase{"OneOfSeveral", {"DNS:a.example", "DNS:b.example"}, {"c.example", "b.example"}, true},
        NameCase{"Email", {"email:team@a.example"}, {"team@a.example"}, true},
        NameCase{"Uri", {"URI:spiffe://a.example/scraper"}, {"spiffe://a.example/scraper"}, true},
        NameCase{"Ipv4", {"IP:192.0.2.1"}, {"192.0.2.1"}, true},
        NameCase{"Ipv6", {"IP:2001:db8::1"}, {"2001:db8::1"}, true},
        NameCase{"Ipv6InAnotherSpelling", {"IP:2001:db8::1"}, {"2001:DB8:0:0:0:0:0:1"}, true},
        NameCase{"OtherIpv6", {"IP:2001:db8::1"}, {"2001:db8::2"}, false},
        NameCase{"NoNames", {}, {"a.example"}, false},
        NameCase{"OtherDns", {"DNS:b.example"}, {"a.example"}, false},
        NameCase{"PartOfAName", {"DNS:a.example.org"}, {"a.example"}, false},
        NameCase{"SubdomainOfAName", {"DNS:x.a.example"}, {"a.example"}, false},
        NameCase{"Wildcard", {"DNS:a.example"}, {"*.example"}, false},
        NameCase{"OtherCase", {"DNS:A.example"}, {"a.example"}, false},
        NameCase{"SubjectsCommonNameIsNone", {"DNS:a.example"}, {"issued"}, false},
        NameCase{"RegisteredIdIsNone", {"RID:1.2.3.4"}, {"1.2.3.4"}, false},
        NameCase{"RegisteredIdIsNotTheEmptyName", {"RID:1.2.3.4"}, {""}, false}),
    [](const auto& test) { return test.param.name; });

TEST(TlsClients, WithAnAllowedNameStillNeedTheRightAuthority) {
    auto options = options_for(ClientAuth::require_and_verify);
    options.client_allowed_sans = {"a.example"};
    EXPECT_FALSE(lets_in(options, stranger().issue({"DNS:a.example"})));
}

TEST(TlsClients, MayComeFromAnyOfSeveralAuthorities) {
    auto options = options_for(ClientAuth::require_and_verify);
    options.client_ca += stranger().certificate();
    EXPECT_TRUE(lets_in(options, trusted().issue({})));
    EXPECT_TRUE(lets_in(options, stranger().issue({})));
}

TEST(TlsClients, MayBeTrustedOneByOne) {
    const auto client = stranger().issue({});
    auto options = options_for(ClientAuth::require_and_verify);
    options.client_ca = client.certificate;
    EXPECT_TRUE(lets_in(options, client));
    EXPECT_FALSE(lets_in(options, stranger().issue({})));
}

TEST(TlsClients, OutliveTheirContext) {
    auto options = options_for(ClientAuth::require_and_verify);
    options.client_allowed_sans = {"a.example"};
    auto context = TlsContext::make(options).value();
    Connection connection(*context, {.identity = trusted().issue({"DNS:a.example"})});
    context.reset();
    EXPECT_EQ(connection.shake_hands(), Progress::done);
}

TEST(TlsClients, CannotResume) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const auto auth : {ClientAuth::none, ClientAuth::require_and_verify}) {
            const auto context = TlsContext::make(options_for(auth)).value();
            Connection connection(*context, {.identity = trusted().issue({}), .version = version});
            ASSERT_EQ(connection.shake_hands(), Progress::done);
            (void)connection.client.receive();
            EXPECT_FALSE(connection.client.has_resumable_session());
        }
    }
}

}  // namespace
}  // namespace exporter::http::testing
