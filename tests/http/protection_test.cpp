#include "http/protection.h"

#include "support/certificate.h"
#include "support/web_file_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace exporter::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* path = support::WebFileDisk::path;
const std::string header = "http_server_config: {headers: {X-Frame-Options: deny}}\n";

/// A disk with the web configuration.
class WebProtectionOfAFile : public ::testing::Test {
  protected:
    WebProtectionOfAFile() { write(header); }

    void write(const std::string& text) { disk_.write(text); }

    [[nodiscard]] auto load() { return Protection::load(path, base::WorldReadable::refused, disk_.reader()); }

    /// Reads the file once and records any error.
    bool refresh(Protection& protection) {
        const auto refreshed = protection.refresh();
        if (!refreshed) {
            errors_ += refreshed.error() + '\n';
        }
        return refreshed.value_or(false);
    }

    /// Reads the file twice: a change takes effect at the second read.
    bool settled(Protection& protection) {
        EXPECT_FALSE(refresh(protection)) << "the file may be half-written";
        return refresh(protection);
    }

    support::WebFileDisk disk_;
    std::string errors_;  ///< errors of all reads
};

TEST_F(WebProtectionOfAFile, IsWhatTheFileSays) {
    const auto protection = load();
    ASSERT_TRUE(protection);
    EXPECT_EQ(protection->security()->headers, (Headers{{"X-Frame-Options", "deny"}}));
    EXPECT_EQ(protection->security()->tls, nullptr);
    EXPECT_EQ(protection->security()->authenticator, nullptr);
}

TEST_F(WebProtectionOfAFile, StaysWhileTheFileDoes) {
    auto protection = load().value();
    const auto before = protection.security();
    EXPECT_FALSE(refresh(protection));
    EXPECT_EQ(protection.security(), before);
    EXPECT_EQ(errors_, "");
}

TEST_F(WebProtectionOfAFile, ChangesWithTheFile) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_TRUE(settled(protection));
    EXPECT_NE(protection.security()->rate_limiter, nullptr);
}

TEST_F(WebProtectionOfAFile, SurvivesABrokenFileAndTellsItOnce) {
    auto protection = load().value();
    const auto before = protection.security();
    write("basic_auth_users: {alice: s3cr3t}\n");
    EXPECT_FALSE(settled(protection));
    const std::string told = errors_;
    EXPECT_THAT(told, Not(HasSubstr("s3cr3t")));
    EXPECT_FALSE(refresh(protection));
    EXPECT_EQ(errors_, told);
    EXPECT_EQ(protection.security(), before);
}

TEST_F(WebProtectionOfAFile, WaitsUntilAFileIsWrittenToItsEnd) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s,");
    EXPECT_FALSE(refresh(protection));
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_TRUE(settled(protection));
    EXPECT_THAT(errors_, "");
}

TEST_F(WebProtectionOfAFile, WaitsAgainIfTheFileWasReverted) {
    const std::string half = header + "rate_limit: {interval: 1s, burst: 5}\n";
    auto protection = load().value();
    write(half);
    EXPECT_FALSE(refresh(protection));
    write(header);
    EXPECT_FALSE(refresh(protection));
    write(half);
    EXPECT_FALSE(refresh(protection)) << "the new content may be half-written, though it was seen before";
    EXPECT_TRUE(refresh(protection));
}

TEST_F(WebProtectionOfAFile, IsOnlyWhatTwoChecksAgreedOn) {
    for (int readings = 0; readings < 6; ++readings) {
        write(header);
        auto protection = load().value();
        write(header + "rate_limit: {interval: 1s, burst: 5}\n");
        EXPECT_FALSE(refresh(protection));
        disk_.before_reading = [this, left = readings]() mutable {
            if (left-- == 0) {
                write("http_server_config: {headers: {X-Frame-Options: sameorigin}}\n");
            }
        };
        (void)refresh(protection);
        disk_.before_reading = nullptr;
        EXPECT_EQ(protection.security()->headers, (Headers{{"X-Frame-Options", "deny"}}))
            << "changed after " << readings << " reads of the second check";
    }
}

TEST_F(WebProtectionOfAFile, IsNeverSwitchedOffByAFileThatLostItsUsers) {
    write("basic_auth_users: {alice: $2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e}\n");
    auto protection = load().value();
    for (const auto* text :
         {"", "basic_auth_users:\n", "http_server_config: {headers: {X-Frame-Options: deny}}\n"}) {
        write(text);
        EXPECT_FALSE(settled(protection)) << text;
        EXPECT_NE(protection.security()->authenticator, nullptr) << text;
    }
    EXPECT_THAT(errors_, HasSubstr("weaker than before, or removed: basic_auth_users"));
}

/// One setting of the file: its section and its lines.
struct Setting {
    const char* section;
    const char* text;
};

/// All settings that add protection, plus the TLS that some of them need.
const std::vector<Setting> everything = {
    {"tls_server_config", "  cert_file: server.crt\n  key_file: server.key\n"},
    {"tls_server_config",
     "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.crt\n"},
    {"tls_server_config", "  client_allowed_sans: [prometheus.example]\n"},
    {"tls_server_config", "  min_version: TLS13\n"},
    {"tls_server_config", "  cipher_suites: [TLS_AES_256_GCM_SHA384]\n"},
    {"tls_server_config", "  curve_preferences: [CurveP521]\n"},
    {"http_server_config", "  headers: {X-Frame-Options: deny}\n"},
    {"basic_auth_users", "  alice: $2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n"},
    {"rate_limit", "  interval: 10s\n  burst: 5\n"},
};

std::string text_of(const std::vector<Setting>& settings) {
    std::string text;
    std::string section;
    for (const auto& setting : settings) {
        if (section != setting.section) {
            section = setting.section;
            text += section + ":\n";
        }
        text += setting.text;
    }
    return text;
}

/// All settings, with one text replaced by another.
std::string everything_but(const std::string& before, const std::string& after) {
    std::string text = text_of(everything);
    return text.replace(text.find(before), before.size(), after);
}

class FullProtection : public WebProtectionOfAFile {
  protected:
    FullProtection() {
        const auto server = authority_.issue({"IP:127.0.0.1"});
        disk_.files["/etc/server.crt"] = server.certificate;
        disk_.files["/etc/server.key"] = server.key;
        disk_.files["/etc/authority.crt"] = authority_.certificate();
        write(text_of(everything));
    }

    const support::Authority authority_{"authority"};
};

TEST_F(FullProtection, StaysIfTheFileIsTruncated) {
    auto protection = load().value();
    const auto before = protection.security();
    const std::string text = text_of(everything);
    // Only the final newline may be missing.
    for (std::size_t size = 0; size + 1 < text.size(); ++size) {
        write(text.substr(0, size));
        ASSERT_FALSE(settled(protection)) << disk_.files[path];
        ASSERT_EQ(protection.security(), before) << disk_.files[path];
    }
    write(text);
    EXPECT_TRUE(settled(protection)) << "the file is complete again";
}

TEST_F(FullProtection, StaysIfAnySettingIsRemoved) {
    auto protection = load().value();
    const auto before = protection.security();
    for (std::size_t gone = 0; gone < everything.size(); ++gone) {
        auto settings = everything;
        settings.erase(settings.begin() + static_cast<std::ptrdiff_t>(gone));
        write(text_of(settings));
        EXPECT_FALSE(settled(protection)) << everything[gone].text;
        EXPECT_EQ(protection.security(), before) << everything[gone].text;
    }
}

TEST_F(FullProtection, RejectsUnusableTlsWithAReasonButNoValues) {
    disk_.files["/etc/encrypted.key"] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
    disk_.files["/etc/old.key"] = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n";
    struct Case {
        const char* before;
        const char* after;
        const char* reason;
    };
    for (const Case& c : {
             Case{"cert_file: server.crt", "cert_file: server.key",
                  "the certificate can't be read: it holds no certificate in PEM form"},
             Case{"cert_file: server.crt", "cert: needle",
                  "the certificate can't be read: it holds no certificate in PEM form"},
             Case{"key_file: server.key", "key_file: server.crt", "the key can't be read"},
             Case{"key_file: server.key", "key: needle", "the key can't be read"},
             Case{"key_file: server.key", "key_file: encrypted.key", "the key "},
             Case{"key_file: server.key", "key_file: old.key", "the key "},
             Case{"client_ca_file: authority.crt", "client_ca_file: server.key",
                  "the client CA can't be read: it holds no certificate in PEM form"},
             Case{"  client_ca_file: authority.crt\n", "", "client_auth_type needs a CA"},
             Case{"  client_auth_type: RequireAndVerifyClientCert\n", "", "client_ca has no effect"},
             Case{"RequireAndVerifyClientCert", "VerifyClientCertIfGiven", "client_allowed_sans needs"},
             Case{"min_version: TLS13", "min_version: TLS13\n  max_version: TLS12",
                  "max_version is below min_version"},
             Case{"[TLS_AES_256_GCM_SHA384]", "['needle needle']", "item 1 of cipher_suites is not offered"},
             Case{"[CurveP521]", "[P-needle]", "item 1 of curve_preferences is not a curve"},
         }) {
        write(everything_but(c.before, c.after));
        const auto protection = load();
        ASSERT_FALSE(protection) << c.after;
        ASSERT_EQ(protection.error().size(), 1U) << c.after;
        EXPECT_THAT(protection.error().front(),
                    ::testing::StartsWith(std::string("/etc/web.yml: tls_server_config: ") + c.reason));
        EXPECT_THAT(protection.error().front(), Not(HasSubstr("needle")));
    }
}

struct Change {
    const char* name;
    const char* before;
    const char* after;
    const char* weakened;  ///< the setting that the log names; empty: the file takes effect
};

class ChangeOf : public FullProtection, public ::testing::WithParamInterface<Change> {};

TEST_P(ChangeOf, NeedsARestartIfItWeakens) {
    auto protection = load().value();
    write(everything_but(GetParam().before, GetParam().after));
    const std::string weakened = GetParam().weakened;
    EXPECT_EQ(settled(protection), weakened.empty()) << errors_;
    if (!weakened.empty()) {
        const std::string told = errors_;
        EXPECT_THAT(told, HasSubstr("weaker than before, or removed: " + weakened + ";"));
        EXPECT_FALSE(settled(protection));
        EXPECT_EQ(errors_, told) << "logged only once";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Setting, ChangeOf,
    ::testing::Values(
        Change{"NamesGone", "  client_allowed_sans: [prometheus.example]\n", "",
               "tls_server_config.client_allowed_sans"},
        Change{"OtherNames", "[prometheus.example]", "[a.example, b.example]", ""},
        Change{"LowerVersion", "min_version: TLS13", "min_version: TLS12", "tls_server_config.min_version"},
        Change{"VersionGone", "  min_version: TLS13\n", "", "tls_server_config.min_version"},
        Change{"SuitesGone", "  cipher_suites: [TLS_AES_256_GCM_SHA384]\n", "",
               "tls_server_config.cipher_suites"},
        Change{"OtherSuites", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", ""},
        Change{"CurvesGone", "  curve_preferences: [CurveP521]\n", "", "tls_server_config.curve_preferences"},
        Change{"OtherCurves", "CurveP521", "CurveP384", ""},
        Change{"HeaderGone", "  headers: {X-Frame-Options: deny}\n", "", "http_server_config.headers"},
        Change{"OtherHeaderInItsPlace", "X-Frame-Options: deny", "X-XSS-Protection: nonsense",
               "http_server_config.headers"},
        Change{"OtherHeaderValue", "X-Frame-Options: deny", "X-Frame-Options: sameorigin", ""},
        Change{"OtherUser", "alice", "bob", ""},
        Change{"UsersGone", "  alice: $2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n", "",
               "basic_auth_users"},
        Change{"LimitGone", "interval: 10s", "interval: 0s", "rate_limit"},
        Change{"ShorterInterval", "interval: 10s", "interval: 1s", "rate_limit"},
        Change{"LongerInterval", "interval: 10s", "interval: 20s", ""},
        Change{"LargerBurst", "burst: 5", "burst: 50", "rate_limit"},
        Change{"SmallerBurst", "burst: 5", "burst: 1", ""}),
    [](const auto& tested) { return tested.param.name; });

struct ClientAuthChange {
    const char* before;
    const char* after;
    bool weakens;
};

class ClientAuthChanged : public FullProtection, public ::testing::WithParamInterface<ClientAuthChange> {
  protected:
    static std::string text(const std::string& kind) {
        return "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: " +
               kind +
               (kind.find("Verify") == std::string::npos ? "\n" : "\n  client_ca_file: authority.crt\n");
    }
};

TEST_P(ClientAuthChanged, NeedsARestartIfItAdmitsMoreClients) {
    write(text(GetParam().before));
    auto protection = load().value();
    write(text(GetParam().after));
    EXPECT_EQ(settled(protection), !GetParam().weakens) << errors_;
}

// A file cut off before `client_auth_type` means NoClientCert.
INSTANTIATE_TEST_SUITE_P(
    Kinds, ClientAuthChanged,
    ::testing::Values(ClientAuthChange{"RequireAndVerifyClientCert", "NoClientCert", true},
                      ClientAuthChange{"RequireAndVerifyClientCert", "RequestClientCert", true},
                      ClientAuthChange{"RequireAndVerifyClientCert", "RequireAnyClientCert", true},
                      ClientAuthChange{"RequireAndVerifyClientCert", "VerifyClientCertIfGiven", true},
                      ClientAuthChange{"RequireAnyClientCert", "NoClientCert", true},
                      ClientAuthChange{"RequireAnyClientCert", "RequestClientCert", true},
                      ClientAuthChange{"RequireAnyClientCert", "VerifyClientCertIfGiven", true},
                      ClientAuthChange{"RequireAnyClientCert", "RequireAndVerifyClientCert", false},
                      ClientAuthChange{"VerifyClientCertIfGiven", "NoClientCert", true},
                      ClientAuthChange{"VerifyClientCertIfGiven", "RequestClientCert", true},
                      ClientAuthChange{"VerifyClientCertIfGiven", "RequireAnyClientCert", true},
                      ClientAuthChange{"VerifyClientCertIfGiven", "RequireAndVerifyClientCert", false},
                      ClientAuthChange{"RequestClientCert", "NoClientCert", false},
                      ClientAuthChange{"RequestClientCert", "RequireAnyClientCert", false},
                      ClientAuthChange{"NoClientCert", "VerifyClientCertIfGiven", false},
                      ClientAuthChange{"NoClientCert", "RequireAndVerifyClientCert", false}),
    [](const auto& tested) { return std::string("From") + tested.param.before + "To" + tested.param.after; });

TEST_F(WebProtectionOfAFile, ThatIsBrokenFromTheStartIsRefused) {
    write("nonsense: 1\n");
    const auto protection = load();
    ASSERT_FALSE(protection);
    EXPECT_THAT(protection.error().front(), HasSubstr("/etc/web.yml:1: nonsense: unknown key"));
}

TEST_F(WebProtectionOfAFile, IsNoneWithoutAFile) {
    auto protection = Protection::load("").value();
    EXPECT_EQ(protection.security(), nullptr);
    EXPECT_FALSE(refresh(protection));
}

}  // namespace
}  // namespace exporter::http
