#include "http/tls.h"

#include "base/pem.h"

#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace exporter::http {

namespace {

using Done = tl::expected<void, std::string>;

/// Each name is preceded by its length (RFC 7301).
constexpr std::string_view offered_protocols = "\x08http/1.1";

// A client that offers only other protocols is rejected immediately (RFC 7301, 3.2).
int select_protocol(SSL* /*ssl*/, const unsigned char** selected, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
    unsigned char* found = nullptr;
    const int result = ::SSL_select_next_proto(
        &found, size, reinterpret_cast<const unsigned char*>(offered_protocols.data()),
        static_cast<unsigned int>(offered_protocols.size()), offered, offered_size);
    *selected = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_manners(SSL_CTX* context, bool prefer_server_cipher_suites) {
    // Sessions are never resumed, by ticket or cache: every connection is checked against the current CA and
    // names, and there are no ticket keys to rotate. Scrapers keep their connections open anyway.
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(context, 0);
    // A request ends with its head, so a connection closed after it truncates nothing.
    ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_IGNORE_UNEXPECTED_EOF |
                                       (prefer_server_cipher_suites ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
    // Send the configured chain, without adding the client CAs.
    ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    ::SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

tl::expected<std::shared_ptr<EVP_PKEY>, std::string> set_identity(SSL_CTX* context,
                                                                  const TlsOptions& options) {
    const auto certificates = base::read_certificates(options.certificate, "the certificate");
    if (!certificates) {
        return tl::unexpected(certificates.error());
    }
    auto key = base::read_private_key(options.key.expose());
    if (!key) {
        return key;
    }
    if (::X509_check_private_key(certificates->front().get(), key->get()) != 1) {
        ::ERR_clear_error();
        return tl::unexpected<std::string>(
            "the key does not belong to the certificate; if there are several certificates, the key's must "
            "come first");
    }
    const std::shared_ptr<STACK_OF(X509)> chain(sk_X509_new_null(),
                                                [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
    for (std::size_t i = 1; i < certificates->size(); ++i) {
        sk_X509_push(chain.get(), (*certificates)[i].get());
    }
    if (::SSL_CTX_use_cert_and_key(context, certificates->front().get(), key->get(), chain.get(), 1) != 1) {
        return tl::unexpected(fmt::format("the certificate can't be used: {}", base::openssl_reason()));
    }
    return key;
}

std::string installed_openssl() {
    return ::OpenSSL_version(OPENSSL_VERSION_STRING);
}

/// Go still uses the draft names of two suites.
std::string iana_name(const std::string& name) {
    if (name == "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" || name == "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305") {
        return name + "_SHA256";
    }
    return name;
}

bool set_suites(SSL_CTX* context, const std::string& of_tls_1_3, const std::string& of_tls_1_2) {
    const bool set = ::SSL_CTX_set_ciphersuites(context, of_tls_1_3.c_str()) == 1 &&
                     ::SSL_CTX_set_cipher_list(context, of_tls_1_2.c_str()) == 1;
    ::ERR_clear_error();
    return set;
}

/// The suite with this IANA name, if the context has it.
const SSL_CIPHER* find_suite(SSL_CTX* context, const std::string& name) {
    const STACK_OF(SSL_CIPHER)* const suites = ::SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
        const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(suites, i);
        if (name == ::SSL_CIPHER_standard_name(suite)) {
            return suite;
        }
    }
    return nullptr;
}

/// TLS 1.2 suites are for RSA or for ECDSA keys, TLS 1.3 suites for both.
bool fits(const SSL_CIPHER* suite, const EVP_PKEY* key) {
    const int kind = ::EVP_PKEY_get_base_id(key);
    const bool is_rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS;
    return (::SSL_CIPHER_get_auth_nid(suite) == NID_auth_rsa) == is_rsa;
}

std::string joined(const std::vector<std::string>& names, const char* otherwise) {
    return names.empty() ? otherwise : fmt::format("{}", fmt::join(names, ":"));
}

/// @return whether any suite remains for TLS 1.2; for TLS 1.3 some always do
tl::expected<bool, std::string> set_cipher_suites(SSL_CTX* context, const std::vector<std::string>& names,
                                                  const EVP_PKEY* key) {
    // All suites that need only a certificate and its key, authenticate the server and encrypt.
    bool done = set_suites(context,
                           "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
                           "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
                           "kECDHE:kRSA:!aNULL:!eNULL");
    std::vector<std::string> of_tls_1_2;
    std::vector<std::string> of_tls_1_3;
    bool has_one_for_tls_1_2 = names.empty();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const SSL_CIPHER* const suite = find_suite(context, iana_name(names[i]));
        if (suite == nullptr) {
            return tl::unexpected(
                fmt::format("item {} of cipher_suites is not offered with OpenSSL {}: only suites that "
                            "encrypt, with ECDHE or RSA key exchange and an RSA or ECDSA certificate, are; "
                            "names are written like TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                            i + 1, installed_openssl()));
        }
        const std::string name = ::SSL_CIPHER_get_name(suite);
        const bool is_of_tls_1_3 = name.starts_with("TLS_");
        (is_of_tls_1_3 ? of_tls_1_3 : of_tls_1_2).push_back(name);
        has_one_for_tls_1_2 = has_one_for_tls_1_2 || (!is_of_tls_1_3 && fits(suite, key));
    }
    // The default for TLS 1.2 has forward secrecy and authenticated encryption, which every reasonable client
    // supports.
    done = done && set_suites(context, joined(of_tls_1_3, TLS_DEFAULT_CIPHERSUITES),
                              joined(of_tls_1_2, "ECDHE+AESGCM:ECDHE+CHACHA20"));
    if (!done) {
        return tl::unexpected(fmt::format("OpenSSL {} refuses the cipher suites", installed_openssl()));
    }
    return has_one_for_tls_1_2;
}

/// Go's name and OpenSSL's.
constexpr std::array<std::pair<std::string_view, const char*>, 5> curves{
    {{"CurveP256", "P-256"},
     {"CurveP384", "P-384"},
     {"CurveP521", "P-521"},
     {"X25519", "X25519"},
     {"X25519MLKEM768", "X25519MLKEM768"}}};

bool set_groups(SSL_CTX* context, const std::string& list) {
    // SSL_CTX_set1_groups_list is a macro that does this, with a cast that our warnings reject.
    std::string names = list;
    const bool done = ::SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, names.data()) == 1;
    ::ERR_clear_error();
    return done;
}

/// @param names empty: OpenSSL's default
Done set_curves(SSL_CTX* context, const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const auto& name : names) {
        const auto* const curve =
            std::find_if(curves.begin(), curves.end(), [&](const auto& pair) { return pair.first == name; });
        if (curve == curves.end() || std::count(names.begin(), names.end(), name) > 1 ||
            !set_groups(context, curve->second)) {
            return tl::unexpected(fmt::format(
                "item {} of curve_preferences is not a curve that OpenSSL {} has, or is listed twice; known "
                "curves are CurveP256, CurveP384, CurveP521, X25519 and X25519MLKEM768",
                known.size() + 1, installed_openssl()));
        }
        known.emplace_back(curve->second);
    }
    if (!known.empty() && !set_groups(context, joined(known, ""))) {
        return tl::unexpected<std::string>("curve_preferences can't be set");
    }
    return {};
}

int openssl_number(TlsVersion version) {
    return version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

Done set_versions(SSL_CTX* context, const TlsOptions& options, bool has_suite_for_tls_1_2) {
    if (!has_suite_for_tls_1_2 && options.max_version == TlsVersion::tls_1_2) {
        return tl::unexpected<std::string>(
            "no client could connect: max_version is TLS12, and none of cipher_suites works with TLS 1.2 and "
            "the certificate's type of key (RSA or ECDSA)");
    }
    const auto lowest = has_suite_for_tls_1_2 ? options.min_version : TlsVersion::tls_1_3;
    if (::SSL_CTX_set_min_proto_version(context, openssl_number(lowest)) != 1 ||
        ::SSL_CTX_set_max_proto_version(context, openssl_number(options.max_version)) != 1) {
        return tl::unexpected(
            fmt::format("this version of TLS is not available: {}", base::openssl_reason()));
    }
    return {};
}

std::string_view bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(::ASN1_STRING_length(text))};
}

/// A name from a certificate: addresses as bytes, because they can be written in several ways.
using Name = std::pair<bool, std::string>;

std::set<Name> names_of(const std::vector<std::string>& texts) {
    std::set<Name> names;
    for (const std::string& text : texts) {
        const std::shared_ptr<ASN1_OCTET_STRING> address(::a2i_IPADDRESS(text.c_str()),
                                                         ::ASN1_OCTET_STRING_free);
        names.emplace(address != nullptr, address ? std::string(bytes_of(address.get())) : text);
    }
    ::ERR_clear_error();
    return names;
}

/// Whether one of the certificate's alternative names is allowed.
bool has_one_of(const std::set<Name>& allowed, const X509* certificate) {
    const std::shared_ptr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        ::GENERAL_NAMES_free);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int kind = 0;
        const void* const value = ::GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        const bool can_be_allowed =
            kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI || kind == GEN_IPADD;
        if (can_be_allowed &&
            allowed.contains(
                {kind == GEN_IPADD, std::string(bytes_of(static_cast<const ASN1_STRING*>(value)))})) {
            return true;
        }
    }
    return false;
}

/// Whether the options for versions and clients are consistent.
Done check_together(const TlsOptions& options) {
    const auto wrong = [](const char* what) { return tl::unexpected<std::string>(what); };
    if (options.min_version > options.max_version) {
        return wrong("max_version is below min_version (by default TLS12 and TLS13)");
    }
    if (is_verified(options.client_auth) && options.client_ca.empty()) {
        return wrong(
            "client_auth_type needs a CA to verify client certificates with; give client_ca_file or "
            "client_ca");
    }
    if (!options.client_ca.empty() && options.client_auth == ClientAuth::none) {
        return wrong(
            "client_ca has no effect while clients are not asked for a certificate; write client_auth_type: "
            "RequireAndVerifyClientCert");
    }
    if (!options.client_allowed_sans.empty() && !is_required(options.client_auth)) {
        return wrong(
            "client_allowed_sans needs a certificate from every client; write client_auth_type: "
            "RequireAndVerifyClientCert (or RequireAnyClientCert)");
    }
    return {};
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options)
    : client_auth_(options.client_auth),
      allowed_names_(names_of(options.client_allowed_sans)),
      context_(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free) {}

tl::expected<std::shared_ptr<const TlsContext>, std::string> TlsContext::make(const TlsOptions& options) {
    const std::shared_ptr<TlsContext> made(new TlsContext(options));
    SSL_CTX* const context = made->context_.get();
    if (context == nullptr) {
        return tl::unexpected(fmt::format("OpenSSL can't be set up: {}", base::openssl_reason()));
    }
    set_manners(context, options.prefer_server_cipher_suites);
    return check_together(options)
        .and_then([&] { return set_identity(context, options); })
        .and_then([&](const std::shared_ptr<EVP_PKEY>& key) {
            return set_cipher_suites(context, options.cipher_suites, key.get());
        })
        .and_then([&](bool tls_1_2) { return set_versions(context, options, tls_1_2); })
        .and_then([&] { return set_curves(context, options.curve_preferences); })
        .and_then([&] { return made->set_clients(options.client_ca); })
        .map([&] { return std::shared_ptr<const TlsContext>(made); });
}

Done TlsContext::set_clients(const std::string& ca) {
    if (client_auth_ == ClientAuth::none) {
        return {};
    }
    SSL_CTX* const context = context_.get();
    if (!ca.empty()) {
        const auto certificates = base::read_certificates(ca, "the client CA");
        if (!certificates) {
            return tl::unexpected(certificates.error());
        }
        X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
        for (const auto& certificate : *certificates) {
            // Everything in the list is trusted, self-signed or not, as in Go.
            if (::X509_STORE_add_cert(store, certificate.get()) != 1 ||
                ::SSL_CTX_add_client_CA(context, certificate.get()) != 1) {
                return tl::unexpected("the client CA can't be used: " + base::openssl_reason());
            }
        }
        ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    }
    ::SSL_CTX_set_verify(context,
                         SSL_VERIFY_PEER | (is_required(client_auth_) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                         nullptr);
    ::SSL_CTX_set_cert_verify_callback(context, check_client, this);
    return {};
}

// Replaces OpenSSL's verification, and calls it if certificates must be verified.
int TlsContext::check_client(X509_STORE_CTX* chain, void* context) {
    const auto& self = *static_cast<const TlsContext*>(context);
    if (is_verified(self.client_auth_) && ::X509_verify_cert(chain) != 1) {
        return 0;
    }
    if (self.allowed_names_.empty() || has_one_of(self.allowed_names_, ::X509_STORE_CTX_get0_cert(chain))) {
        return 1;
    }
    ::X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

std::unique_ptr<Channel> TlsContext::accept(int socket) const {
    // OpenSSL calls back into this object during the connection's lifetime.
    std::shared_ptr<SSL> ssl(::SSL_new(context_.get()),
                             [self = shared_from_this()](SSL* ended) { ::SSL_free(ended); });
    return std::make_unique<Channel>(socket, std::move(ssl));
}

}  // namespace exporter::http
