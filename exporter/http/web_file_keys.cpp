#include "http/web_file_keys.h"

#include "base/duration.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace exporter::http {
namespace {

using Draft = WebFileDraft;
using Fault = WebFault;
using Kind = WebKeyKind;
using Values = std::span<const std::string>;

/// The last one is what Go once called the third; exporter-toolkit takes it as well.
constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> client_auths = {
    {{"NoClientCert", ClientAuth::none},
     {"RequestClientCert", ClientAuth::request},
     {"RequireAnyClientCert", ClientAuth::require_any},
     {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
     {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
     {"RequireClientCert", ClientAuth::require_any}}};

Fault set_client_auth(Draft& draft, Values values) {
    const auto* const found = std::find_if(client_auths.begin(), client_auths.end(),
                                           [&](const auto& auth) { return auth.first == values.front(); });
    if (found == client_auths.end()) {
        return "is none of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven "
               "and "
               "RequireAndVerifyClientCert";
    }
    draft.tls.client_auth = found->second;
    return {};
}

template <TlsVersion TlsOptions::* member>
Fault set_version(Draft& draft, Values values) {
    const std::string& name = values.front();
    if (name == "TLS10" || name == "TLS11") {
        return "TLS 1.0 and 1.1 are not offered, as RFC 8996 wants it; write TLS12 or TLS13";
    }
    if (name != "TLS12" && name != "TLS13") {
        return "is none of TLS12 and TLS13";
    }
    draft.tls.*member = name == "TLS12" ? TlsVersion::tls_1_2 : TlsVersion::tls_1_3;
    return {};
}

Fault set_allowed_sans(Draft& draft, Values values) {
    draft.tls.client_allowed_sans.assign(values.begin(), values.end());
    return values.empty() ? "names nobody, so that nobody could connect; leave it out" : "";
}

/// Names in capitals, small letters, digits and `_`; which of them exist, TLS itself knows.
bool are_names(Values values) {
    return std::all_of(values.begin(), values.end(), [](const std::string& name) {
        return name.size() <= 64 && std::all_of(name.begin(), name.end(), base::is_word_character);
    });
}

Fault set_suites(Draft& draft, Values values) {
    draft.tls.cipher_suites.assign(values.begin(), values.end());
    return are_names(values) ? ""
                             : "has an item that is no name such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
}

Fault set_curves(Draft& draft, Values values) {
    draft.tls.curve_preferences.assign(values.begin(), values.end());
    return are_names(values) ? "" : "has an item that is no name such as X25519";
}

std::optional<bool> toggle(Values values) {
    const std::string value = base::lower(values.front());
    return value == "true" || value == "false" ? std::optional(value == "true") : std::nullopt;
}

Fault set_suite_preference(Draft& draft, Values values) {
    const auto wanted = toggle(values);
    draft.tls.prefer_server_cipher_suites = wanted.value_or(true);
    return wanted ? "" : "is neither true nor false";
}

Fault refuse_http2(Draft& /*draft*/, Values values) {
    const auto wanted = toggle(values);
    if (wanted == true) {
        return "HTTP/2 is not spoken; Prometheus scrapes with HTTP/1.1 as well: write false, or leave it out";
    }
    return wanted ? "" : "is neither true nor false";
}

Fault set_interval(Draft& draft, Values values) {
    const auto interval = base::parse_duration(values.front());
    draft.rate_limit.interval = interval.value_or(base::Duration::zero());
    return interval ? "" : "is not a duration; write it like 500ms, 1s or 1m30s, or 0 for none";
}

Fault set_burst(Draft& draft, Values values) {
    constexpr unsigned most = 1'000'000;
    const auto burst = base::parse_number<unsigned>(values.front());
    draft.rate_limit.burst = burst.value_or(0);
    return burst && *burst <= most ? "" : "is not a whole number from 0 to 1000000";
}

/// In the order of the format's own documentation.
constexpr std::array<WebKey, 22> keys = {{
    {"tls_server_config.cert", Kind::pem, true},
    {"tls_server_config.key", Kind::pem, true},
    {"tls_server_config.client_ca", Kind::pem, true},
    {"tls_server_config.cert_file", Kind::pem_file, true},
    {"tls_server_config.key_file", Kind::pem_file, true},
    {"tls_server_config.client_auth_type", Kind::text, true, set_client_auth},
    {"tls_server_config.client_ca_file", Kind::pem_file, true},
    {"tls_server_config.client_allowed_sans", Kind::list, false, set_allowed_sans},
    {"tls_server_config.min_version", Kind::text, false, set_version<&TlsOptions::min_version>},
    {"tls_server_config.max_version", Kind::text, false, set_version<&TlsOptions::max_version>},
    {"tls_server_config.cipher_suites", Kind::list, false, set_suites},
    {"tls_server_config.prefer_server_cipher_suites", Kind::text, false, set_suite_preference},
    {"tls_server_config.curve_preferences", Kind::list, false, set_curves},
    {"http_server_config.http2", Kind::text, false, refuse_http2},
    {"http_server_config.headers.Content-Security-Policy", Kind::header},
    {"http_server_config.headers.X-Frame-Options", Kind::header},
    {"http_server_config.headers.X-Content-Type-Options", Kind::header},
    {"http_server_config.headers.X-XSS-Protection", Kind::header},
    {"http_server_config.headers.Strict-Transport-Security", Kind::header},
    {"basic_auth_users", Kind::users},
    {"rate_limit.interval", Kind::text, false, set_interval},
    {"rate_limit.burst", Kind::text, false, set_burst},
}};

}  // namespace

std::span<const WebKey> web_keys() {
    return keys;
}

}  // namespace exporter::http
