#include "http/tls_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace exporter::http {

namespace {

/// Forward secrecy and authenticated encryption, which every client that knows TLS 1.2 well enough has.
constexpr auto default_suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// Go's name and OpenSSL's.
constexpr std::array<std::pair<std::string_view, const char*>, 5> curves{
    {{"CurveP256", "P-256"},
     {"CurveP384", "P-384"},
     {"CurveP521", "P-521"},
     {"X25519", "X25519"},
     {"X25519MLKEM768", "X25519MLKEM768"}}};

std::string installed_openssl() {
    return ::OpenSSL_version(OPENSSL_VERSION_STRING);
}

/// Go still has two suites by the names of their drafts.
std::string iana_name(const std::string& name) {
    if (name == "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" || name == "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305") {
        return name + "_SHA256";
    }
    return name;
}

/// Only in TLS 1.3 are OpenSSL's names IANA's.
bool is_of_tls_1_3(std::string_view openssl_name) {
    return openssl_name.starts_with("TLS_");
}

const SSL_CIPHER* find_suite(SSL_CTX* context, std::string_view openssl_name) {
    const STACK_OF(SSL_CIPHER)* const suites = ::SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
        const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(suites, i);
        if (openssl_name == ::SSL_CIPHER_get_name(suite)) {
            return suite;
        }
    }
    return nullptr;
}

/// The server proves itself and encrypts, with what a certificate and its key alone allow.
bool is_acceptable(const SSL_CIPHER* suite) {
    const int exchange = ::SSL_CIPHER_get_kx_nid(suite);
    const int authentication = ::SSL_CIPHER_get_auth_nid(suite);
    return (exchange == NID_kx_ecdhe || exchange == NID_kx_rsa) &&
           (authentication == NID_auth_rsa || authentication == NID_auth_ecdsa) &&
           ::SSL_CIPHER_get_cipher_nid(suite) != NID_undef;
}

bool fits(const SSL_CIPHER* suite, const EVP_PKEY* key) {
    const int kind = ::EVP_PKEY_get_base_id(key);
    const bool is_rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS;
    return (::SSL_CIPHER_get_auth_nid(suite) == NID_auth_rsa) == is_rsa;
}

bool set_suites(SSL_CTX* context, bool of_tls_1_3, const std::string& list) {
    const bool set = of_tls_1_3 ? ::SSL_CTX_set_ciphersuites(context, list.c_str()) == 1
                                : ::SSL_CTX_set_cipher_list(context, list.c_str()) == 1;
    ::ERR_clear_error();
    return set;
}

/// By OpenSSL's name. Leaves the context with this one suite of its version: of a list, OpenSSL would pass
/// over what it lacks.
tl::expected<std::string, std::string> checked_suite(SSL_CTX* context, const std::string& name) {
    std::string openssl_name = ::OPENSSL_cipher_name(iana_name(name).c_str());
    const bool of_tls_1_3 = is_of_tls_1_3(openssl_name);
    const bool set = set_suites(context, of_tls_1_3, openssl_name);
    const SSL_CIPHER* const suite = set ? find_suite(context, openssl_name) : nullptr;
    if (suite == nullptr) {
        return tl::unexpected(fmt::format(
            "OpenSSL {} has no cipher suite {}; names are written as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            installed_openssl(), name));
    }
    if (!of_tls_1_3 && !is_acceptable(suite)) {
        return tl::unexpected(fmt::format(
            "cipher suite {} is not offered: only such as encrypt, with a key exchange by ECDHE or "
            "RSA, for an RSA or ECDSA certificate",
            name));
    }
    return openssl_name;
}

std::string joined(const std::vector<std::string>& names, const char* otherwise) {
    return names.empty() ? otherwise : fmt::format("{}", fmt::join(names, ":"));
}

}  // namespace

tl::expected<bool, std::string> set_cipher_suites(SSL_CTX* context, const std::vector<std::string>& names,
                                                  const EVP_PKEY* key) {
    std::vector<std::string> of_tls_1_2;
    std::vector<std::string> of_tls_1_3;
    for (const auto& name : names) {
        auto suite = checked_suite(context, name);
        if (!suite) {
            return tl::unexpected(std::move(suite.error()));
        }
        auto& suites = is_of_tls_1_3(*suite) ? of_tls_1_3 : of_tls_1_2;
        suites.push_back(std::move(*suite));
    }
    if (!set_suites(context, true, joined(of_tls_1_3, TLS_DEFAULT_CIPHERSUITES)) ||
        !set_suites(context, false, joined(of_tls_1_2, default_suites))) {
        return tl::unexpected(fmt::format("OpenSSL {} refuses the cipher suites", installed_openssl()));
    }
    return names.empty() || std::any_of(of_tls_1_2.begin(), of_tls_1_2.end(), [&](const std::string& name) {
               return fits(find_suite(context, name), key);
           });
}

tl::expected<void, std::string> set_curves(SSL_CTX* context, const std::vector<std::string>& names) {
    std::vector<std::string> known;
    const auto set = [&](const std::string& list) {
        // SSL_CTX_set1_groups_list is a macro that does this, with a cast that our warnings refuse.
        const bool done =
            ::SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(list.c_str())) == 1;
        ::ERR_clear_error();
        return done;
    };
    for (const auto& name : names) {
        const auto* const curve =
            std::find_if(curves.begin(), curves.end(), [&](const auto& pair) { return pair.first == name; });
        if (curve == curves.end()) {
            return tl::unexpected(fmt::format(
                "there is no curve {}; known are CurveP256, CurveP384, CurveP521, X25519 and X25519MLKEM768",
                name));
        }
        if (!set(curve->second)) {
            return tl::unexpected(fmt::format("OpenSSL {} has no curve {}", installed_openssl(), name));
        }
        if (std::find(known.begin(), known.end(), curve->second) != known.end()) {
            return tl::unexpected(fmt::format("curve {} is named twice", name));
        }
        known.emplace_back(curve->second);
    }
    if (!known.empty() && !set(fmt::format("{}", fmt::join(known, ":")))) {
        return tl::unexpected<std::string>("curve_preferences can't be set");
    }
    return {};
}

}  // namespace exporter::http
