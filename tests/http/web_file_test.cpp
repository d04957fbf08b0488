#include "http/web_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace exporter::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN PRIVATE KEY-----\nneedle\n-----END PRIVATE KEY-----\n";
const std::string authority = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
const std::string hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
const std::string pair = "cert_file: server.crt, key_file: server.key";

/// A fake disk with a few files.
class Disk {
  public:
    explicit Disk(const std::string& web_file) { write("/etc/web.yml", web_file); }

    void write(const std::string& path, const std::string& text, unsigned mode = 0600,
               const std::string& others_may_write = "") {
        files_[path] = base::FileText{base::Secret(text), mode, others_may_write};
    }
    void remove(const std::string& path) { files_.erase(path); }

    [[nodiscard]] base::FileReader reader() const {
        return [this](const std::string& path) -> tl::expected<base::FileText, std::string> {
            const auto found = files_.find(path);
            if (found == files_.end()) {
                return tl::unexpected<std::string>("can't be read: No such file or directory");
            }
            return found->second;
        };
    }
    [[nodiscard]] WebFileReading read(
        base::WorldReadable world_readable = base::WorldReadable::refused) const {
        return read_web_file("/etc/web.yml", reader(), world_readable);
    }

  private:
    std::map<std::string, base::FileText> files_ = {
        {"/etc/server.crt", {base::Secret(std::string(certificate)), 0644}},
        {"/etc/server.key", {base::Secret(std::string(key)), 0640}},
        {"/etc/open.key", {base::Secret(std::string(key)), 0644}},
        {"/etc/ca/clients.pem", {base::Secret(std::string(authority)), 0644}},
        {"/elsewhere/server.crt", {base::Secret(std::string(authority)), 0644}},
    };
};

WebFile right(const Disk& disk) {
    WebFileReading reading = disk.read();
    if (!reading.file) {
        for (const std::string& line : reading.file.error()) {
            ADD_FAILURE() << line;
        }
        return {};
    }
    return *std::move(reading.file);
}

TlsOptions right_tls(const std::string& keys) {
    WebFile file = right(Disk("tls_server_config: {" + pair + ", " + keys + "}\n"));
    EXPECT_TRUE(file.tls) << keys;
    return std::move(file.tls).value_or(TlsOptions{});
}

std::string with_indent(std::string text) {
    text.insert(0, "    ");
    for (std::size_t end = text.find('\n'); end + 1 < text.size(); end = text.find('\n', end + 1)) {
        text.insert(end + 1, "    ");
    }
    return text;
}

TEST(WebFile, TakesCertificateAndKeyFromFilesBesideIt) {
    const WebFile file =
        right(Disk("tls_server_config:\n  cert_file: server.crt\n  key_file: ./server.key\n"));
    ASSERT_TRUE(file.tls);
    EXPECT_EQ(file.tls->certificate, certificate);
    EXPECT_EQ(file.tls->key.expose(), key);
    EXPECT_EQ(file.tls->client_auth, ClientAuth::none);
    EXPECT_EQ(file.tls->min_version, TlsVersion::tls_1_2);
    EXPECT_EQ(file.tls->max_version, TlsVersion::tls_1_3);
    EXPECT_TRUE(file.tls->prefer_server_cipher_suites);
    EXPECT_THAT(file.tls->cipher_suites, IsEmpty());
    EXPECT_THAT(file.tls->curve_preferences, IsEmpty());
    EXPECT_THAT(file.users, IsEmpty());
    EXPECT_THAT(file.headers, IsEmpty());
    EXPECT_FALSE(file.rate_limit);
}

TEST(WebFile, TakesFilesFromWholePaths) {
    const WebFile file =
        right(Disk("tls_server_config: {cert_file: /elsewhere/server.crt, key_file: server.key}\n"));
    ASSERT_TRUE(file.tls);
    EXPECT_EQ(file.tls->certificate, authority);
}

TEST(WebFile, MayEmbedCertificateAndKey) {
    const WebFile file = right(
        Disk("tls_server_config:\n  cert: |\n" + with_indent(certificate) + "  key: |\n" + with_indent(key) +
             "  client_ca: |\n" + with_indent(authority) + "  client_auth_type: VerifyClientCertIfGiven\n"));
    ASSERT_TRUE(file.tls);
    EXPECT_EQ(file.tls->certificate, certificate);
    EXPECT_EQ(file.tls->key.expose(), key);
    EXPECT_EQ(file.tls->client_ca, authority);
}

TEST(WebFile, KnowsGosFiveClientAuthTypes) {
    const std::string ca = "client_ca_file: ca/clients.pem, ";
    const std::vector<std::pair<std::string, ClientAuth>> cases = {
        {"client_auth_type: ''", ClientAuth::none},
        {"client_auth_type: NoClientCert", ClientAuth::none},
        {"client_auth_type: RequestClientCert", ClientAuth::request},
        {"client_auth_type: RequireAnyClientCert", ClientAuth::require_any},
        {"client_auth_type: RequireClientCert", ClientAuth::require_any},
        {ca + "client_auth_type: RequestClientCert", ClientAuth::request},
        {ca + "client_auth_type: VerifyClientCertIfGiven", ClientAuth::verify_if_given},
        {ca + "client_auth_type: RequireAndVerifyClientCert", ClientAuth::require_and_verify},
    };
    for (const auto& [keys, auth] : cases) {
        const TlsOptions tls = right_tls(keys);
        EXPECT_EQ(tls.client_auth, auth) << keys;
        EXPECT_EQ(tls.client_ca, keys.starts_with(ca) ? authority : "") << keys;
    }
}

TEST(WebFile, KeepsNamesVerbatim) {
    const TlsOptions tls = right_tls(
        "client_ca_file: ca/clients.pem, client_auth_type: RequireAndVerifyClientCert, "
        "client_allowed_sans: [prometheus.example, 'spiffe://a/b,c', 10.0.0.1], "
        "cipher_suites: [TLS_A, TLS_B], curve_preferences: [X25519, CurveP256], "
        "prefer_server_cipher_suites: false, min_version: TLS13");
    EXPECT_THAT(tls.client_allowed_sans, ElementsAre("prometheus.example", "spiffe://a/b,c", "10.0.0.1"));
    EXPECT_THAT(tls.cipher_suites, ElementsAre("TLS_A", "TLS_B"));
    EXPECT_THAT(tls.curve_preferences, ElementsAre("X25519", "CurveP256"));
    EXPECT_FALSE(tls.prefer_server_cipher_suites);
    EXPECT_EQ(tls.min_version, TlsVersion::tls_1_3);
}

TEST(WebFile, WithoutTlsServesPlainHttp) {
    for (const std::string text :
         {"", "# nothing\n", "tls_server_config:\n", "tls_server_config: {}\n",
          "tls_server_config: {cert_file: '', key_file: '', client_ca_file:, client_auth_type: ''}\n",
          "basic_auth_users:\n", "basic_auth_users: {}\n", "rate_limit: {}\n", "http_server_config: {}\n"}) {
        const WebFile file = right(Disk(text));
        EXPECT_FALSE(file.tls) << text;
        EXPECT_TRUE(file.users.empty()) << text;
        EXPECT_FALSE(file.rate_limit) << text;
    }
}

TEST(WebFile, HasUsersWithTheirHashes) {
    const std::string other = "$2a$04$" + std::string(53, '.');
    const WebFile file =
        right(Disk(fmt::format("basic_auth_users:\n  alice: {}\n  'bob b. @x': \"{}\"\n", hash, other)));
    ASSERT_EQ(file.users.size(), 2U);
    EXPECT_EQ(file.users.at("alice"), BcryptHash::parse(hash));
    EXPECT_EQ(file.users.at("bob b. @x"), BcryptHash::parse(other));
}

TEST(WebFile, HasHeadersInTheDocumentedOrder) {
    const WebFile file =
        right(Disk("http_server_config:\n"
                   "  http2: false\n"
                   "  headers:\n"
                   "    Strict-Transport-Security: max-age=1\n"
                   "    X-Frame-Options: deny\n"
                   "    X-XSS-Protection: ''\n"
                   "    X-Content-Type-Options: nosniff\n"
                   "    Content-Security-Policy: |\n"
                   "      default-src 'none'\n"));
    EXPECT_THAT(file.headers,
                ElementsAre(Pair("Content-Security-Policy", "default-src 'none'"),
                            Pair("X-Frame-Options", "deny"), Pair("X-Content-Type-Options", "nosniff"),
                            Pair("Strict-Transport-Security", "max-age=1")));
}

TEST(WebFile, HasARateLimit) {
    const WebFile file = right(Disk("rate_limit: {interval: 1m500ms, burst: 20}\n"));
    ASSERT_TRUE(file.rate_limit);
    EXPECT_EQ(file.rate_limit->interval, std::chrono::milliseconds(60'500));
    EXPECT_EQ(file.rate_limit->burst, 20U);
    EXPECT_FALSE(right(Disk("rate_limit: {interval: 0, burst: 20}\n")).rate_limit);
    EXPECT_FALSE(right(Disk("rate_limit: {interval: 0s, burst: 0}\n")).rate_limit);
}

struct Case {
    std::string text;
    std::string line;  ///< expected error after the path
};

std::vector<Case> bad_tls() {
    const auto tls = [](const std::string& keys) { return "tls_server_config: {" + keys + "}\n"; };
    const std::string head = ":1: tls_server_config.";
    const std::string incomplete =
        ": tls_server_config: the certificate or its private key is missing; give cert_file and key_file";
    const std::string nobody =
        "client_allowed_sans: is empty or has an empty item; leave it out if there are no names";
    const std::string versions = ": is neither TLS12 nor TLS13; TLS 1.0 and 1.1 are not offered (RFC 8996)";
    return {
        {tls("key_file: server.key"), incomplete},
        {tls("cert_file: '', key_file: server.key"), incomplete},
        {tls("cert_file: server.crt"), incomplete},
        {tls("min_version: TLS13"), incomplete},
        {tls("cipher_suites: [TLS_A]"), incomplete},
        {tls("cert: x, " + pair), head + "cert_file: is given both as text and as a file; keep one of them"},
        {tls("key: needle, " + pair),
         head + "key_file: is given both as text and as a file; keep one of them"},
        {tls("client_ca: needle, client_ca_file: ca/clients.pem, " + pair),
         head + "client_ca_file: is given both as text and as a file; keep one of them"},
        {tls("cert_file: needle.crt, key_file: server.key"),
         head + "cert_file: can't be read: No such file or directory"},
        {tls("cert_file: server.crt, key_file: needle0123456789abcdef0123456789abcdef"),
         head + "key_file: can't be read: No such file or directory"},
        {tls("cert_file: server.crt, key_file: open.key"),
         head + "key_file: every user of this machine can read or write it (mode 0644); remove that with "
                "chmod o-rw (in Kubernetes: defaultMode 0440 and fsGroup), or allow it with "
                "--datadog.allow-world-readable-secrets"},
        {tls(pair + ", client_auth_type: needle"),
         head + "client_auth_type: is not one of NoClientCert, RequestClientCert, RequireAnyClientCert, "
                "VerifyClientCertIfGiven and RequireAndVerifyClientCert"},
        {tls(pair + ", client_allowed_sans: [], client_auth_type: RequireAnyClientCert"), head + nobody},
        {tls(pair + ", client_allowed_sans: [needle, ''], client_auth_type: RequireAnyClientCert"),
         head + nobody},
        {tls(pair + ", min_version: needle"), head + "min_version" + versions},
        {tls(pair + ", min_version: TLS10"), head + "min_version" + versions},
        {tls(pair + ", max_version: TLS11"), head + "max_version" + versions},
        {tls(pair + ", prefer_server_cipher_suites: needle"),
         head + "prefer_server_cipher_suites: is neither true nor false"},
        {tls("certfile: server.crt"),
         head + "certfile: unknown key; did you mean tls_server_config.cert_file?"},
        {tls("cert_file: [server.crt]"), head + "cert_file: takes a single value"},
        {tls("cert_file: server.crt, cert_file: b"), head + "cert_file: appears twice; keep one"},
    };
}

std::vector<Case> bad_http() {
    const std::string header = "http_server_config:\n  headers:\n    ";
    const std::string place = ":3: http_server_config.headers.";
    return {
        {"http_server_config: {http2: true}\n",
         ":1: http_server_config.http2: HTTP/2 is not supported; Prometheus scrapes with HTTP/1.1 as well: "
         "write "
         "false, or leave it out"},
        {"http_server_config: {http2: needle}\n",
         ":1: http_server_config.http2: HTTP/2 is not supported; Prometheus scrapes with HTTP/1.1 as well: "
         "write "
         "false, or leave it out"},
        {header + "X-Frame-Options: DENY\n", place + "X-Frame-Options: is neither deny nor sameorigin"},
        {header + "X-Content-Type-Options: needle\n", place + "X-Content-Type-Options: can only be nosniff"},
        {header + "X-XSS-Protection: \"1\\r\\nX-Needle: needle\"\n",
         place + "X-XSS-Protection: has a line break or another character that a header can't have"},
        {header + "Content-Security-Policy: \"needle\\x01\"\n",
         place + "Content-Security-Policy: has a line break or another character that a header can't have"},
        {header + "Content-Security-Policy: é\n",
         place + "Content-Security-Policy: has a line break or another character that a header can't have"},
        {header + "X-Frame-Option: deny\n", place + "X-Frame-Option: unknown key; did you mean "
                                                    "http_server_config.headers.X-Frame-Options?"},
        {header + "Server: needle\n", place + "Server: unknown key"},
        {"rate_limit: {interval: needle, burst: 1}\n",
         ":1: rate_limit.interval: is not a duration; write it like 500ms, 1s or 1m30s, or 0 for none"},
        {"rate_limit: {interval: 1s}\n",
         ": rate_limit.interval: needs a burst of at least 1, or no request would be answered"},
        {"rate_limit: {interval: 1s, burst: 0}\n",
         ": rate_limit.interval: needs a burst of at least 1, or no request would be answered"},
        {"rate_limit: {burst: -1}\n", ":1: rate_limit.burst: is not a whole number from 0 to 1000000"},
        {"rate_limit: {burst: 1.5}\n", ":1: rate_limit.burst: is not a whole number from 0 to 1000000"},
    };
}

std::vector<Case> bad_users() {
    const std::string no_hash =
        ":2: basic_auth_users: is not the bcrypt hash of a password ($2y$10$ and 53 more characters); "
        "htpasswd -nBC 10 \"\" makes one";
    const std::string too_slow =
        ":2: basic_auth_users: has a cost above 16, which takes seconds for each password that anybody "
        "sends; 10 to 12 is usual";
    const std::string no_name =
        ":2: basic_auth_users: a user name has 1 to 255 bytes, with no colon and no control character";
    const auto alice = [](const std::string& value) { return "basic_auth_users:\n  alice: " + value + "\n"; };
    return {
        {alice("needle"), no_hash},
        {alice("''"), no_hash},
        {alice("[" + hash + "]"), no_hash},
        {alice(hash.substr(0, 59)), no_hash},
        {alice(hash + "x"), no_hash},
        {alice("$2x$10$" + hash.substr(7)), no_hash},
        {alice("$2y$1x$" + hash.substr(7)), no_hash},
        {alice("$2y$03$" + hash.substr(7)), no_hash},
        {alice("$2y$10$" + hash.substr(7, 52) + "="), no_hash},
        {alice("$2y$17$" + hash.substr(7)), too_slow},
        {alice("$2y$32$" + hash.substr(7)), too_slow},
        {alice(hash) + "  alice: " + hash + "\n", ":3: basic_auth_users: a user appears twice; keep one"},
        {"basic_auth_users:\n  'needle:x': " + hash + "\n", no_name},
        {"basic_auth_users:\n  '': " + hash + "\n", no_name},
        {"basic_auth_users:\n  " + std::string(256, 'n') + ": " + hash + "\n", no_name},
        {"basic_auth_users:\n  '" + hash + "': alice\n",
         ":2: basic_auth_users: is not the bcrypt hash of a password ($2y$10$ and 53 more characters); "
         "htpasswd -nBC 10 \"\" makes one"},
        {"basic_auth_users: [needle]\n",
         ":1: basic_auth_users: is a section; write name: hash below it, indented"},
        {"basic_auth_user:\n  needle: x\n",
         ":1: basic_auth_user: unknown key; did you mean basic_auth_users?"},
    };
}

std::vector<Case> bad_files() {
    return {
        {"tls_server_config: needle\n",
         ":1: tls_server_config: is a section; write its keys below it, indented"},
        {"- needle\n",
         ":1: the file: is not a mapping; write keys such as tls_server_config: {cert_file: server.crt, "
         "key_file: server.key}"},
        {"a: b\n", ":1: a: unknown key"},
        {"rate_limit: {}\n---\nrate_limit: {}\n",
         ":2: the file: holds more than one YAML document, or something after its end"},
        {"tls_server_config: {cert: needle\n", ":2:1: not valid YAML: end of map flow not found"},
        {"tls_server_config: {key: *needle}\n",
         ":1:26: not valid YAML: the referenced anchor is not defined"},
        {std::string(2000, '[') + "\n", ": the file: is nested too deeply"},
        {"a: \x1b\n", ": is not text: it has a control character at byte 4"},
    };
}

void expect_refused(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        const WebFileReading reading = Disk(c.text).read();
        ASSERT_FALSE(reading.file) << c.text.substr(0, 200);
        EXPECT_THAT(reading.file.error(), ElementsAre("/etc/web.yml" + c.line)) << c.text.substr(0, 200);
    }
}

TEST(WebFile, WithWrongTlsIsRefusedWithPlaceAndReason) {
    expect_refused(bad_tls());
}

TEST(WebFile, WithWrongHttpSettingsIsRefusedWithPlaceAndReason) {
    expect_refused(bad_http());
}

TEST(WebFile, WithWrongUsersIsRefusedWithPlaceAndReason) {
    expect_refused(bad_users());
}

TEST(WebFile, OfWrongShapeIsRefusedWithPlaceAndReason) {
    expect_refused(bad_files());
}

TEST(WebFile, ErrorsAreReportedTogetherWithoutValues) {
    std::vector<Case> cases = bad_tls();
    for (const auto& more : {bad_http(), bad_users(), bad_files()}) {
        cases.insert(cases.end(), more.begin(), more.end());
    }
    for (const Case& c : cases) {
        const WebFileReading refused = Disk(c.text).read();
        ASSERT_FALSE(refused.file);
        for (const std::string& line : refused.file.error()) {
            EXPECT_EQ(line.find("needle"), std::string::npos) << line;
        }
    }
    const WebFileReading reading =
        Disk(
            "tls_server_config: {key_file: x, min_version: x}\nbasic_auth_users: {a: x}\n"
            "rate_limit: {burst: x}\n")
            .read();
    ASSERT_FALSE(reading.file);
    EXPECT_EQ(reading.file.error().size(), 4U);
}

TEST(WebFile, ThatCannotBeReadIsAnError) {
    Disk disk("");
    disk.remove("/etc/web.yml");
    const WebFileReading reading = disk.read();
    ASSERT_FALSE(reading.file);
    EXPECT_THAT(
        reading.file.error(),
        ElementsAre("/etc/web.yml: the web configuration file can't be read: No such file or directory"));
}

TEST(WebFile, WithPasswordsIsRefusedIfOthersCanWriteIt) {
    const std::string tls = "tls_server_config: {" + pair + "}\n";
    const std::string users = "basic_auth_users: {alice: " + hash + "}\n";
    Disk disk(tls);
    disk.write("/etc/web.yml", tls + users, 0660, "group 7 can write it");

    const WebFileReading refused = disk.read();
    ASSERT_FALSE(refused.file);
    EXPECT_THAT(
        refused.file.error(),
        ElementsAre(
            "/etc/web.yml: basic_auth_users: others can decide who gets access: group 7 can write it"));

    const WebFileReading allowed = disk.read(base::WorldReadable::allowed);
    EXPECT_TRUE(allowed.file);
    EXPECT_THAT(allowed.warnings,
                ElementsAre("/etc/web.yml: basic_auth_users: others can decide who gets access: "
                            "group 7 can write it"));
}

TEST(WebFile, WithoutPasswordsIsUsedWithAWarningIfOthersCanWriteIt) {
    const std::string tls = "tls_server_config: {" + pair + "}\n";
    Disk disk(tls);
    disk.write("/etc/web.yml", tls, 0660, "group 7 can write it");
    disk.write("/etc/server.crt", certificate, 0660, "group 8 can write it");

    const WebFileReading reading = disk.read();

    EXPECT_TRUE(reading.file);
    EXPECT_THAT(
        reading.warnings,
        ElementsAre("/etc/web.yml: tls_server_config.cert_file: /etc/server.crt: group 8 can write it",
                    "/etc/web.yml: the file: others can decide who gets access: group 7 can write it"));
}

TEST(WebFile, WithWorldReadableKeyIsRefusedUnlessAllowed) {
    Disk disk("tls_server_config: {cert_file: server.crt, key_file: open.key}\n");
    EXPECT_FALSE(disk.read().file);
    EXPECT_TRUE(disk.read(base::WorldReadable::allowed).file);

    disk.write("/etc/web.yml", "tls_server_config:\n  cert_file: server.crt\n  key: |\n" + with_indent(key),
               0644);
    const WebFileReading reading = disk.read();
    ASSERT_FALSE(reading.file);
    EXPECT_THAT(reading.file.error(),
                ElementsAre(testing::StartsWith("/etc/web.yml:3: tls_server_config.key: every user")));
    EXPECT_TRUE(disk.read(base::WorldReadable::allowed).file);
}

TEST(WebFile, DrawsWarnings) {
    const std::string tls = "tls_server_config: {" + pair + "}\n";
    const std::string users = "basic_auth_users: {alice: " + hash + "}\n";
    EXPECT_THAT(Disk(tls + users).read().warnings, IsEmpty());
    EXPECT_THAT(
        Disk(users).read().warnings,
        ElementsAre(
            "/etc/web.yml: basic_auth_users: passwords are sent unencrypted without tls_server_config"));
    Disk open("");
    open.write("/etc/web.yml", tls + users, 0644);
    EXPECT_THAT(open.read().warnings,
                ElementsAre("/etc/web.yml: basic_auth_users: every user of this machine can read the "
                            "password hashes and try to crack them"));
    EXPECT_THAT(
        Disk("tls_server_config: {" + pair +
             ", client_auth_type: RequireAnyClientCert, client_allowed_sans: a}\n")
            .read()
            .warnings,
        ElementsAre(
            "/etc/web.yml: tls_server_config.client_allowed_sans: RequireAnyClientCert does not verify "
            "certificates, so anybody can claim these names; write RequireAndVerifyClientCert"));
}

TEST(WebFile, ListsItsFilesAndDetectsTheirChanges) {
    const std::string text =
        "tls_server_config: {" + pair +
        ", client_ca_file: ca/clients.pem, client_auth_type: RequireAndVerifyClientCert}\n";
    Disk disk(text);
    const WebFileReading reading = disk.read();
    std::vector<std::string> paths;
    for (const auto& [path, fingerprint] : reading.read_files) {
        paths.push_back(path);
    }
    EXPECT_THAT(paths, testing::UnorderedElementsAre("/etc/web.yml", "/etc/server.crt", "/etc/server.key",
                                                     "/etc/ca/clients.pem"));
    for (const std::string& path : paths) {
        Disk later = disk;
        EXPECT_FALSE(have_changed(reading.read_files, later.reader()));
        later.write(path, "other");
        EXPECT_TRUE(have_changed(reading.read_files, later.reader())) << path;
        later.remove(path);
        EXPECT_TRUE(have_changed(reading.read_files, later.reader())) << path;
    }
}

TEST(WebFile, ChangesWhenAMissingFileAppears) {
    Disk disk("tls_server_config: {cert_file: server.crt, key_file: later.key}\n");
    const WebFileReading reading = disk.read();
    EXPECT_FALSE(reading.file);
    EXPECT_FALSE(have_changed(reading.read_files, disk.reader()));
    disk.write("/etc/later.key", key);
    EXPECT_TRUE(have_changed(reading.read_files, disk.reader()));
}

TEST(WebFileKeys, AreAllUnderstood) {
    for (const std::string_view row : web_file_keys()) {
        EXPECT_TRUE(Disk(std::string(row) + ":\n").read().file) << row;
    }
}

TEST(WebFileKeys, MatchTheReference) {
    std::ifstream reference(SOURCE_DIR "/exporter/reference.md");
    std::stringstream text;
    text << reference.rdbuf();
    const std::string whole = text.str();
    const std::size_t begin = whole.find("<!-- web-configuration:");
    ASSERT_NE(begin, std::string::npos);
    std::istringstream lines(whole.substr(begin, whole.find("<!-- /web-configuration -->") - begin));
    std::vector<std::string> documented;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| `")) {
            documented.push_back(line.substr(3, line.find('`', 3) - 3));
        }
    }
    EXPECT_THAT(documented, testing::ElementsAreArray(web_file_keys()));
}

}  // namespace
}  // namespace exporter::http
