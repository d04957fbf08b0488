#include "base/text.h"
#include "http/web_file_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace exporter::http {
namespace {

constexpr std::string_view tls_section = "tls_server_config";
constexpr std::string_view cert_text = "tls_server_config.cert";
constexpr std::string_view cert_file = "tls_server_config.cert_file";
constexpr std::string_view key_text = "tls_server_config.key";
constexpr std::string_view key_file = "tls_server_config.key_file";
constexpr std::string_view client_ca_text = "tls_server_config.client_ca";
constexpr std::string_view client_ca_file = "tls_server_config.client_ca_file";
constexpr std::string_view client_auth_type = "tls_server_config.client_auth_type";
constexpr std::string_view client_allowed_sans = "tls_server_config.client_allowed_sans";
constexpr std::string_view min_version = "tls_server_config.min_version";
constexpr std::string_view max_version = "tls_server_config.max_version";

/// The last one is what Go once called the third; exporter-toolkit takes it as well.
constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> client_auths = {
    {{"NoClientCert", ClientAuth::none},
     {"RequestClientCert", ClientAuth::request},
     {"RequireAnyClientCert", ClientAuth::require_any},
     {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
     {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
     {"RequireClientCert", ClientAuth::require_any}}};

constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> tls_versions = {
    {{"TLS12", TlsVersion::tls_1_2}, {"TLS13", TlsVersion::tls_1_3}}};

std::string_view fault_in_certificates(std::string_view pem) {
    return pem.find("-----BEGIN CERTIFICATE-----") == std::string_view::npos
               ? "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
               : "";
}

std::string_view fault_in_private_key(std::string_view pem) {
    if (pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
        pem.find("\nProc-Type: 4,ENCRYPTED") != std::string_view::npos) {
        return "holds a key under a passphrase, which nobody could give; write it out with openssl pkey";
    }
    return pem.find("PRIVATE KEY-----") == std::string_view::npos
               ? "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
               : "";
}

ClientAuth read_client_auth(WebFileSettings& settings) {
    const std::string name = settings.text(client_auth_type);
    const auto* const found = std::find_if(client_auths.begin(), client_auths.end(),
                                           [&](const auto& auth) { return auth.first == name; });
    if (found != client_auths.end()) {
        return found->second;
    }
    if (!name.empty()) {
        settings.mistake(client_auth_type,
                         "is none of NoClientCert, RequestClientCert, RequireAnyClientCert, "
                         "VerifyClientCertIfGiven and RequireAndVerifyClientCert");
    }
    return ClientAuth::none;
}

TlsVersion read_version(WebFileSettings& settings, std::string_view version_key, TlsVersion fallback) {
    const std::string name = settings.text(version_key);
    const auto* const found = std::find_if(tls_versions.begin(), tls_versions.end(),
                                           [&](const auto& version) { return version.first == name; });
    if (found != tls_versions.end()) {
        return found->second;
    }
    if (name == "TLS10" || name == "TLS11") {
        settings.mistake(version_key,
                         "TLS 1.0 and 1.1 are not offered, as RFC 8996 wants it; write TLS12 or TLS13");
    } else if (!name.empty()) {
        settings.mistake(version_key, "is none of TLS12 and TLS13");
    }
    return fallback;
}

void read_versions(WebFileSettings& settings, TlsOptions& tls) {
    tls.min_version = read_version(settings, min_version, tls.min_version);
    tls.max_version = read_version(settings, max_version, tls.max_version);
    if (tls.min_version > tls.max_version) {
        settings.mistake(settings.given(max_version) != nullptr ? max_version : min_version,
                         "the least version is above the highest (by default TLS12 and TLS13)");
    }
}

/// Names in capitals, small letters, digits and `_`; which of them exist, TLS itself knows.
std::vector<std::string> read_names(WebFileSettings& settings, std::string_view list_key,
                                    std::string_view example) {
    std::vector<std::string> names = settings.list(list_key).value_or(std::vector<std::string>{});
    const auto is_name = [](const std::string& name) {
        return name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          c == '_';
               });
    };
    if (!std::all_of(names.begin(), names.end(), is_name)) {
        settings.mistake(list_key, fmt::format("has an item that is no name such as {}", example));
    }
    return names;
}

void read_clients(WebFileSettings& settings, TlsOptions& tls) {
    tls.client_auth = read_client_auth(settings);
    const bool is_ca_given =
        settings.given(client_ca_text) != nullptr || settings.given(client_ca_file) != nullptr;
    if (const auto pem = settings.pem(client_ca_text, client_ca_file, fault_in_certificates, false)) {
        tls.client_ca = pem->expose();
    }
    if (is_ca_given && tls.client_auth == ClientAuth::none) {
        settings.mistake(settings.given(client_ca_text) != nullptr ? client_ca_text : client_ca_file,
                         "means nothing while clients are asked for no certificate; write client_auth_type: "
                         "RequireAndVerifyClientCert");
    }
    if (!is_ca_given && is_verified(tls.client_auth)) {
        settings.mistake(client_auth_type,
                         "needs the authority that clients' certificates are verified with; give "
                         "client_ca_file or client_ca");
    }
    const auto sans = settings.list(client_allowed_sans);
    if (!sans) {
        return;
    }
    tls.client_allowed_sans = *sans;
    if (sans->empty()) {
        settings.mistake(client_allowed_sans, "names nobody, so that nobody could connect; leave it out");
    } else if (!is_required(tls.client_auth)) {
        settings.mistake(client_allowed_sans,
                         "needs a certificate of every client; write client_auth_type: "
                         "RequireAndVerifyClientCert (or RequireAnyClientCert)");
    } else if (!is_verified(tls.client_auth)) {
        settings.warn(client_allowed_sans,
                      "anybody can write these names into a certificate that RequireAnyClientCert does not "
                      "verify; RequireAndVerifyClientCert does");
    }
}

/// As exporter-toolkit has it: one of these, unless blank, turns TLS on.
bool is_enabled(const WebFileSettings& settings) {
    const std::array<std::string_view, 7> switches = {
        cert_text, cert_file, key_text, key_file, client_ca_text, client_ca_file, client_auth_type};
    return std::any_of(switches.begin(), switches.end(),
                       [&](std::string_view name) { return settings.given(name) != nullptr; });
}

/// Any key of the section that is given, or empty.
std::string_view any_given(const WebFileSettings& settings) {
    for (const WebFileKey& known : web_file_keys()) {
        if (known.path.starts_with(tls_section) && settings.given(known.path) != nullptr) {
            return known.path;
        }
    }
    return {};
}

}  // namespace

std::optional<TlsOptions> read_web_tls(WebFileSettings& settings) {
    if (!is_enabled(settings)) {
        if (const std::string_view other = any_given(settings); !other.empty()) {
            settings.mistake(other,
                             "means nothing without a certificate and its key; give cert_file and key_file");
        }
        return std::nullopt;
    }
    TlsOptions tls;
    if (settings.given(cert_text) == nullptr && settings.given(cert_file) == nullptr) {
        settings.mistake(tls_section, "the certificate is missing; give cert_file or cert");
    } else if (const auto pem = settings.pem(cert_text, cert_file, fault_in_certificates, false)) {
        tls.certificate = pem->expose();
    }
    if (settings.given(key_text) == nullptr && settings.given(key_file) == nullptr) {
        settings.mistake(tls_section, "the private key is missing; give key_file or key");
    } else if (auto pem = settings.pem(key_text, key_file, fault_in_private_key, true)) {
        tls.key = *std::move(pem);
    }
    read_clients(settings, tls);
    read_versions(settings, tls);
    tls.cipher_suites =
        read_names(settings, "tls_server_config.cipher_suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    tls.prefer_server_cipher_suites =
        settings.toggle("tls_server_config.prefer_server_cipher_suites", tls.prefer_server_cipher_suites);
    tls.curve_preferences = read_names(settings, "tls_server_config.curve_preferences", "X25519");
    return tls;
}

}  // namespace exporter::http
