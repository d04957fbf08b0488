#include "http/tls.h"
#include "support/certificate.h"
#include "tls_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

namespace exporter::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const support::Authority& authority() {
    static const support::Authority made("servers");
    return made;
}

const support::CertificateText& identity(support::KeyKind kind = support::KeyKind::p256) {
    static const auto p256 = authority().issue({"DNS:localhost"});
    static const auto rsa = authority().issue({"DNS:localhost"}, 1, support::KeyKind::rsa);
    return kind == support::KeyKind::rsa ? rsa : p256;
}

TlsOptions working_options(support::KeyKind kind = support::KeyKind::p256) {
    TlsOptions options;
    options.certificate = identity(kind).certificate;
    options.key = base::Secret(identity(kind).key);
    return options;
}

std::shared_ptr<const TlsContext> context(const TlsOptions& options) {
    auto made = TlsContext::make(options);
    EXPECT_TRUE(made.has_value()) << made.error();
    return made.value();
}

std::string encrypted_key() {
    // Made by `openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret`.
    return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
           "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgs8t1MPFyDGwICCAAw\n"
           "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJa2POr/CVqJa8onePhx/hIEQC/n\n"
           "wIv5WEFC5fHGvUaLQ6mhQzVGj36SAmEpnTo3rDo43dfh4QMfywaUV4G/ynrWi87K\n"
           "XAmstOewTsM5mDtKbv8=\n"
           "-----END ENCRYPTED PRIVATE KEY-----\n";
}

struct WrongCase {
    const char* name;
    std::function<void(TlsOptions&)> spoil;
    const char* words;
};

std::ostream& operator<<(std::ostream& out, const WrongCase& c) {
    return out << c.name;
}

class TlsContextErrors : public ::testing::TestWithParam<WrongCase> {};

TEST_P(TlsContextErrors, SayWhatIsWrongWithoutTheTexts) {
    auto options = working_options();
    GetParam().spoil(options);
    const auto made = TlsContext::make(options);
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error(), HasSubstr(GetParam().words));
    for (const auto& text : {options.certificate, std::string(options.key.expose()), options.client_ca}) {
        if (text.size() > 60) {
            EXPECT_THAT(made.error(), Not(HasSubstr(text.substr(40, 20))));
        }
    }
}

std::string truncated(const std::string& pem) {
    return pem.substr(0, pem.size() / 2);
}

INSTANTIATE_TEST_SUITE_P(
    Options, TlsContextErrors,
    ::testing::Values(
        WrongCase{"EmptyCertificate", [](auto& o) { o.certificate = ""; },
                  "it holds no certificate in PEM form"},
        WrongCase{"KeyAsCertificate", [](auto& o) { o.certificate = o.key.expose(); },
                  "it holds no certificate in PEM form"},
        WrongCase{"TruncatedCertificate", [](auto& o) { o.certificate = truncated(o.certificate); },
                  "certificate 1 in it is damaged"},
        WrongCase{"TruncatedSecondCertificate",
                  [](auto& o) { o.certificate += truncated(authority().certificate()); },
                  "certificate 2 in it is damaged"},
        WrongCase{"EmptyKey", [](auto& o) { o.key = base::Secret(); }, "the key can't be read"},
        WrongCase{"TruncatedKey",
                  [](auto& o) { o.key = base::Secret(truncated(std::string(o.key.expose()))); },
                  "the key can't be read"},
        WrongCase{"EncryptedKey", [](auto& o) { o.key = base::Secret(encrypted_key()); }, "openssl pkey"},
        WrongCase{"KeyOfAnother", [](auto& o) { o.key = base::Secret(authority().issue({}).key); },
                  "does not belong to the certificate"},
        WrongCase{"KeyOfAnotherKind",
                  [](auto& o) { o.key = base::Secret(identity(support::KeyKind::rsa).key); },
                  "does not belong to the certificate"},
        WrongCase{"AuthorityBeforeTheCertificate",
                  [](auto& o) { o.certificate = authority().certificate() + o.certificate; },
                  "must come first"},
        WrongCase{"UnknownSuite", [](auto& o) { o.cipher_suites = {"TLS_FOO"}; },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"SuiteByItsOpensslName", [](auto& o) { o.cipher_suites = {"ECDHE-RSA-AES128-GCM-SHA256"}; },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"SuiteThatOpensslLeftBehind",
                  [](auto& o) { o.cipher_suites = {"TLS_ECDHE_RSA_WITH_RC4_128_SHA"}; },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"SuiteWithoutEncryption", [](auto& o) { o.cipher_suites = {"TLS_RSA_WITH_NULL_SHA256"}; },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"SuiteWithoutProofOfIdentity",
                  [](auto& o) { o.cipher_suites = {"TLS_DH_anon_WITH_AES_128_GCM_SHA256"}; },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"SeveralSuitesInOneName",
                  [](auto& o) {
                      o.cipher_suites = {
                          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
                  },
                  "item 1 of cipher_suites is not offered"},
        WrongCase{"UnknownSuiteAmongKnown",
                  [](auto& o) { o.cipher_suites = {"TLS_AES_128_GCM_SHA256", "TLS_BAR"}; },
                  "item 2 of cipher_suites is not offered"},
        WrongCase{"NoSuiteForTheKey",
                  [](auto& o) {
                      o.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
                      o.max_version = TlsVersion::tls_1_2;
                  },
                  "no client could connect"},
        WrongCase{"NoSuiteForTheVersion",
                  [](auto& o) {
                      o.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
                      o.max_version = TlsVersion::tls_1_2;
                  },
                  "no client could connect"},
        WrongCase{"UnknownCurve", [](auto& o) { o.curve_preferences = {"P-256"}; },
                  "item 1 of curve_preferences is not a curve"},
        WrongCase{"TwiceTheSameCurve", [](auto& o) { o.curve_preferences = {"X25519", "X25519"}; },
                  "listed twice"},
        WrongCase{"VersionsInTheWrongOrder",
                  [](auto& o) {
                      o.min_version = TlsVersion::tls_1_3;
                      o.max_version = TlsVersion::tls_1_2;
                  },
                  "max_version is below min_version"},
        WrongCase{"VerifyingByNobody", [](auto& o) { o.client_auth = ClientAuth::require_and_verify; },
                  "client_auth_type needs a CA"},
        WrongCase{"VerifyingTheGivenByNobody", [](auto& o) { o.client_auth = ClientAuth::verify_if_given; },
                  "client_auth_type needs a CA"},
        WrongCase{"ClientAuthorityWithoutUse", [](auto& o) { o.client_ca = authority().certificate(); },
                  "client_ca has no effect while"},
        WrongCase{"ClientAuthorityWithoutCertificates",
                  [](auto& o) {
                      o.client_auth = ClientAuth::require_and_verify;
                      o.client_ca = "# none yet\n";
                  },
                  "the client CA can't be read"},
        WrongCase{"NamesOfClientsThatNeedNoCertificate",
                  [](auto& o) {
                      o.client_auth = ClientAuth::verify_if_given;
                      o.client_ca = authority().certificate();
                      o.client_allowed_sans = {"a.example"};
                  },
                  "client_allowed_sans needs"}),
    [](const auto& test) { return test.param.name; });

struct SuiteCase {
    const char* name;
    support::KeyKind key;
    std::vector<std::string> configured;
    int client_version;
    const char* agreed;  ///< empty: the handshake fails
};

std::ostream& operator<<(std::ostream& out, const SuiteCase& c) {
    return out << c.name;
}

class TlsSuites : public ::testing::TestWithParam<SuiteCase> {};

TEST_P(TlsSuites, AreAgreedOnAsConfigured) {
    auto options = working_options(GetParam().key);
    options.cipher_suites = GetParam().configured;
    Connection connection(*context(options), {.version = GetParam().client_version, .suites = "ALL"});
    const bool agreed = connection.shake_hands() == Progress::done;
    EXPECT_EQ(agreed ? connection.client.suite() : "", GetParam().agreed);
}

using support::KeyKind;

INSTANTIATE_TEST_SUITE_P(Configured, TlsSuites,
                         ::testing::Values(SuiteCase{"OneForRsa",
                                                     KeyKind::rsa,
                                                     {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                                                     TLS1_2_VERSION,
                                                     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                                           SuiteCase{"OneForEcdsa",
                                                     KeyKind::p256,
                                                     {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
                                                     TLS1_2_VERSION,
                                                     "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
                                           SuiteCase{"GosOldNameForRsa",
                                                     KeyKind::rsa,
                                                     {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"},
                                                     TLS1_2_VERSION,
                                                     "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
                                           SuiteCase{"GosOldNameForEcdsa",
                                                     KeyKind::p256,
                                                     {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"},
                                                     TLS1_2_VERSION,
                                                     "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
                                           SuiteCase{"WithoutForwardSecrecy",
                                                     KeyKind::rsa,
                                                     {"TLS_RSA_WITH_AES_128_GCM_SHA256"},
                                                     TLS1_2_VERSION,
                                                     "TLS_RSA_WITH_AES_128_GCM_SHA256"},
                                           SuiteCase{"ServersOrder",
                                                     KeyKind::rsa,
                                                     {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                                      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
                                                     TLS1_2_VERSION,
                                                     "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
                                           SuiteCase{"NewerVersionWithoutAnyOfItsSuites",
                                                     KeyKind::p256,
                                                     {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
                                                     TLS1_3_VERSION,
                                                     "TLS_AES_256_GCM_SHA384"},
                                           SuiteCase{"NewerVersionWithOneOfItsSuites",
                                                     KeyKind::p256,
                                                     {"TLS_AES_128_GCM_SHA256"},
                                                     TLS1_3_VERSION,
                                                     "TLS_AES_128_GCM_SHA256"},
                                           SuiteCase{"OlderVersionWithoutAnyOfItsSuites",
                                                     KeyKind::p256,
                                                     {"TLS_AES_128_GCM_SHA256"},
                                                     TLS1_2_VERSION,
                                                     ""},
                                           SuiteCase{"OlderVersionWithoutAnyForTheKey",
                                                     KeyKind::p256,
                                                     {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                                                     TLS1_2_VERSION,
                                                     ""}),
                         [](const auto& test) { return test.param.name; });

TEST(TlsContext, OffersOnlyForwardSecrecyUnlessToldOtherwise) {
    const auto server = context(working_options(KeyKind::rsa));
    Connection weak(*server, {.version = TLS1_2_VERSION, .suites = "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA"});
    EXPECT_EQ(weak.shake_hands(), Progress::failed);
    Connection strong(*server, {.version = TLS1_2_VERSION, .suites = "ECDHE+AESGCM"});
    EXPECT_EQ(strong.shake_hands(), Progress::done);
}

TEST(TlsContext, LetsTheClientChooseWhenTold) {
    auto options = working_options(KeyKind::rsa);
    options.prefer_server_cipher_suites = false;
    options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                             "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
    Connection connection(
        *context(options),
        {.version = TLS1_2_VERSION, .suites = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    EXPECT_EQ(connection.client.suite(), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
}

TEST(TlsContext, SpeaksTheVersionsBetweenItsBounds) {
    for (const auto& [lowest, highest, client, agreed] :
         {std::tuple{TlsVersion::tls_1_2, TlsVersion::tls_1_3, 0, "TLSv1.3"},
          std::tuple{TlsVersion::tls_1_2, TlsVersion::tls_1_3, TLS1_2_VERSION, "TLSv1.2"},
          std::tuple{TlsVersion::tls_1_2, TlsVersion::tls_1_2, 0, "TLSv1.2"},
          std::tuple{TlsVersion::tls_1_2, TlsVersion::tls_1_2, TLS1_3_VERSION, ""},
          std::tuple{TlsVersion::tls_1_3, TlsVersion::tls_1_3, TLS1_2_VERSION, ""}}) {
        auto options = working_options();
        options.min_version = lowest;
        options.max_version = highest;
        Connection connection(*context(options), {.version = client});
        const bool done = connection.shake_hands() == Progress::done;
        EXPECT_EQ(done ? connection.client.version() : "", agreed);
    }
}

TEST(TlsContext, AgreesOnlyOnConfiguredCurves) {
    auto options = working_options();
    options.curve_preferences = {"CurveP384", "X25519"};
    const auto server = context(options);
    Connection known(*server, {.groups = "P-521:X25519"});
    EXPECT_EQ(known.shake_hands(), Progress::done);
    Connection unknown(*server, {.groups = "P-521:P-256"});
    EXPECT_EQ(unknown.shake_hands(), Progress::failed);
}

TEST(TlsContext, KnowsAllOfGosCurves) {
    auto options = working_options();
    options.curve_preferences = {"X25519", "CurveP256", "CurveP384", "CurveP521"};
    EXPECT_TRUE(TlsContext::make(options).has_value());
}

TEST(TlsContext, TakesThePostQuantumCurveWhereOpensslHasIt) {
    auto options = working_options();
    options.curve_preferences = {"X25519MLKEM768"};
    const auto made = TlsContext::make(options);
    if (OPENSSL_VERSION_NUMBER >= 0x30500000L) {
        EXPECT_TRUE(made.has_value());
    } else {
        ASSERT_FALSE(made.has_value());
        EXPECT_THAT(made.error(), HasSubstr("item 1 of curve_preferences is not a curve"));
    }
}

TEST(TlsContext, SendsTheChainOfItsCertificate) {
    auto options = working_options();
    Connection alone(*context(options));
    ASSERT_EQ(alone.shake_hands(), Progress::done);
    EXPECT_EQ(alone.client.server_certificates(), 1);

    options.certificate += authority().certificate();
    Connection chain(*context(options));
    ASSERT_EQ(chain.shake_hands(), Progress::done);
    EXPECT_EQ(chain.client.server_certificates(), 2);
}

TEST(TlsContext, DoesNotSendItsClientsAuthority) {
    auto options = working_options();
    options.client_auth = ClientAuth::verify_if_given;
    options.client_ca = authority().certificate();
    Connection connection(*context(options));
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    EXPECT_EQ(connection.client.server_certificates(), 1);
}

}  // namespace
}  // namespace exporter::http::testing
