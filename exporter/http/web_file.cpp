#include "http/web_file.h"

#include "base/dates.h"
#include "base/text.h"
#include "base/text_hash.h"
#include "base/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <span>
#include <type_traits>
#include <utility>

namespace exporter::http {
namespace {

constexpr std::string_view tls_section = "tls_server_config";
constexpr std::string_view users_section = "basic_auth_users";

std::string fingerprint_of(const tl::expected<base::FileText, std::string>& file) {
    return file ? base::text_fingerprint(file->text.expose()) : "";
}

/// A web file while it is being read.
struct Draft {
    const std::string& path;
    const base::FileReader& reader;
    const base::FileText& source;
    const bool is_strict;  ///< world-readable secrets are refused
    WebFile file{TlsOptions{}, {}, {}, RateLimit{std::chrono::nanoseconds(0), 0}};
    base::MistakeLines mistakes = {};
    std::vector<std::string> warnings = {};
    ReadFiles read_files = {};

    [[nodiscard]] std::string at(std::string_view key, std::string_view what) const {
        return fmt::format("{}: {}: {}", path, key, what);
    }
    void mistake(std::string_view key, std::string_view what) { mistakes.push_back(at(key, what)); }
    void warn(std::string_view key, std::string_view what) { warnings.push_back(at(key, what)); }
};

/// What is wrong with a value, worded to follow its place; empty if it is valid.
using Fault = std::string;
/// One value, except for lists.
using Values = std::span<const std::string>;

struct WebKey {
    std::string_view path;
    Fault (*read)(Draft& draft, std::string_view name, Values values);
    bool is_list = false;
};

/// Accepts PEM text from the web file or a file that it names. Keys are secrets, certificates are not.
template <class Text>
Fault take_pem(Draft& draft, Text& taken, const base::FileText& source, std::string_view pem) {
    if (!taken.empty()) {
        return "is given both as text and as a file; keep one of them";
    }
    if (std::is_same_v<Text, base::Secret> && draft.is_strict && source.is_open_to_everybody()) {
        return base::open_to_everybody(source.mode);
    }
    taken = Text(std::string(pem));
    return {};
}

template <auto member>
Fault read_pem(Draft& draft, std::string_view /*name*/, Values values) {
    return take_pem(draft, (*draft.file.tls).*member, draft.source, values.front());
}

template <auto member>
Fault read_pem_file(Draft& draft, std::string_view name, Values values) {
    const auto directory = std::filesystem::path(draft.path).parent_path();
    const std::string path = (directory / values.front()).lexically_normal().string();
    const auto file = draft.reader(path);
    draft.read_files[path] = fingerprint_of(file);
    if (!file) {
        // The path is left out, because it may be a misplaced key or password hash.
        return file.error();
    }
    if (!file->others_may_write.empty()) {
        draft.warn(fmt::format("{}.{}", tls_section, name),
                   fmt::format("{}: {}", path, file->others_may_write));
    }
    return take_pem(draft, (*draft.file.tls).*member, *file, file->text.expose());
}

/// The last one is Go's old name for the third; exporter-toolkit accepts it as well.
constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> client_auths = {
    {{"NoClientCert", ClientAuth::none},
     {"RequestClientCert", ClientAuth::request},
     {"RequireAnyClientCert", ClientAuth::require_any},
     {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
     {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
     {"RequireClientCert", ClientAuth::require_any}}};

Fault read_client_auth(Draft& draft, std::string_view /*name*/, Values values) {
    const auto* const found = std::find_if(client_auths.begin(), client_auths.end(),
                                           [&](const auto& auth) { return auth.first == values.front(); });
    if (found == client_auths.end()) {
        return "is not one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven "
               "and RequireAndVerifyClientCert";
    }
    draft.file.tls->client_auth = found->second;
    return {};
}

template <TlsVersion TlsOptions::* member>
Fault read_version(Draft& draft, std::string_view /*name*/, Values values) {
    const bool is_old = values.front() == "TLS12";
    (*draft.file.tls).*member = is_old ? TlsVersion::tls_1_2 : TlsVersion::tls_1_3;
    return is_old || values.front() == "TLS13"
               ? ""
               : "is neither TLS12 nor TLS13; TLS 1.0 and 1.1 are not offered (RFC 8996)";
}

Fault read_allowed_sans(Draft& draft, std::string_view /*name*/, Values values) {
    draft.file.tls->client_allowed_sans.assign(values.begin(), values.end());
    const bool names_nobody =
        values.empty() ||
        std::any_of(values.begin(), values.end(), [](const auto& name) { return base::trim(name).empty(); });
    return names_nobody ? "is empty or has an empty item; leave it out if there are no names" : "";
}

/// TlsContext checks the names.
template <std::vector<std::string> TlsOptions::* member>
Fault read_names(Draft& draft, std::string_view /*name*/, Values values) {
    ((*draft.file.tls).*member).assign(values.begin(), values.end());
    return {};
}

Fault read_suite_preference(Draft& draft, std::string_view /*name*/, Values values) {
    const bool preferred = base::same_word(values.front(), "true");
    draft.file.tls->prefer_server_cipher_suites = preferred;
    return preferred || base::same_word(values.front(), "false") ? "" : "is neither true nor false";
}

Fault refuse_http2(Draft& /*draft*/, std::string_view /*name*/, Values values) {
    return base::same_word(values.front(), "false") ? ""
                                                    : "HTTP/2 is not supported; Prometheus scrapes with "
                                                      "HTTP/1.1 as well: write false, or leave it out";
}

/// Accepts the same values as exporter-toolkit.
Fault read_header(Draft& draft, std::string_view name, Values values) {
    constexpr std::size_t longest = 4096;
    // Leading and trailing white space is not part of a header's value; a YAML block ends with a line break.
    const std::string value(base::trim(values.front()));
    draft.file.headers.emplace_back(name, value);
    if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
        return "is neither deny nor sameorigin";
    }
    if (name == "X-Content-Type-Options" && value != "nosniff") {
        return "can only be nosniff";
    }
    const bool is_sendable = value.size() <= longest && std::all_of(value.begin(), value.end(), [](char c) {
                                 return c == ' ' || base::is_visible(c);
                             });
    return is_sendable ? "" : "has a line break or another character that a header can't have";
}

Fault read_interval(Draft& draft, std::string_view /*name*/, Values values) {
    const auto interval = base::parse_duration(values.front());
    draft.file.rate_limit->interval = interval.value_or(base::Duration::zero());
    return interval ? "" : "is not a duration; write it like 500ms, 1s or 1m30s, or 0 for none";
}

Fault read_burst(Draft& draft, std::string_view /*name*/, Values values) {
    constexpr unsigned most = 1'000'000;
    const auto burst = base::parse_number<unsigned>(values.front());
    draft.file.rate_limit->burst = burst.value_or(0);
    return burst && *burst <= most ? "" : "is not a whole number from 0 to 1000000";
}

/// In the order of the format's own documentation. A row without `read` is a section with arbitrary keys.
constexpr std::array<WebKey, 22> web_keys = {{
    {"tls_server_config.cert", read_pem<&TlsOptions::certificate>},
    {"tls_server_config.key", read_pem<&TlsOptions::key>},
    {"tls_server_config.client_ca", read_pem<&TlsOptions::client_ca>},
    {"tls_server_config.cert_file", read_pem_file<&TlsOptions::certificate>},
    {"tls_server_config.key_file", read_pem_file<&TlsOptions::key>},
    {"tls_server_config.client_auth_type", read_client_auth},
    {"tls_server_config.client_ca_file", read_pem_file<&TlsOptions::client_ca>},
    {"tls_server_config.client_allowed_sans", read_allowed_sans, true},
    {"tls_server_config.min_version", read_version<&TlsOptions::min_version>},
    {"tls_server_config.max_version", read_version<&TlsOptions::max_version>},
    {"tls_server_config.cipher_suites", read_names<&TlsOptions::cipher_suites>, true},
    {"tls_server_config.prefer_server_cipher_suites", read_suite_preference},
    {"tls_server_config.curve_preferences", read_names<&TlsOptions::curve_preferences>, true},
    {"http_server_config.http2", refuse_http2},
    {"http_server_config.headers.Content-Security-Policy", read_header},
    {"http_server_config.headers.X-Frame-Options", read_header},
    {"http_server_config.headers.X-Content-Type-Options", read_header},
    {"http_server_config.headers.X-XSS-Protection", read_header},
    {"http_server_config.headers.Strict-Transport-Security", read_header},
    {users_section, nullptr},
    {"rate_limit.interval", read_interval},
    {"rate_limit.burst", read_burst},
}};

/// https://www.rfc-editor.org/rfc/rfc7617#section-2
bool is_user_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    return !name.empty() && name.size() <= longest &&
           std::none_of(name.begin(), name.end(), [](char c) { return base::is_control(c) || c == ':'; });
}

/// Names are not shown, because one may be a misplaced hash.
void read_users(Draft& draft, base::YamlReader& yaml, const YAML::Node& key, const YAML::Node& value) {
    if (!value.IsMap() && !value.IsNull()) {
        yaml.mistake(yaml.place(key.Mark(), users_section),
                     "is a section; write name: hash below it, indented");
        return;
    }
    for (const auto& entry : value) {
        const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
        const auto hash = BcryptHash::parse(entry.second.IsScalar() ? entry.second.Scalar() : "");
        const auto fault = [&]() -> std::string_view {
            if (!is_user_name(name)) {
                return "a user name has 1 to 255 bytes, with no colon and no control character";
            }
            if (!hash) {
                return hash.error();
            }
            return draft.file.users.emplace(name, *hash).second ? "" : "a user appears twice; keep one";
        }();
        if (!fault.empty()) {
            yaml.mistake(yaml.place(entry.first.Mark(), users_section), fault);
        }
    }
}

base::Settings read_yaml(Draft& draft) {
    std::vector<base::YamlKey> keys;
    for (const WebKey& key : web_keys) {
        if (key.read != nullptr) {
            keys.push_back({std::string(key.path), std::string(key.path), key.is_list});
        }
    }
    base::YamlReader yaml(draft.path, draft.mistakes);
    return yaml.read(std::string(draft.source.text.expose()), keys,
                     {{std::string(users_section),
                       [&](const auto& key, const auto& value) { read_users(draft, yaml, key, value); }}},
                     "tls_server_config: {cert_file: server.crt, key_file: server.key}");
}

/// A blank value counts as absent.
bool is_blank(const base::Setting& setting) {
    return setting.values.size() == 1 && base::trim(setting.values.front()).empty();
}

void read_keys(Draft& draft, const base::Settings& written) {
    bool has_tls = false;
    for (const WebKey& key : web_keys) {
        const auto found = written.find(key.path);
        if (found == written.end() || is_blank(found->second)) {
            continue;
        }
        has_tls = has_tls || key.path.starts_with(tls_section);
        const auto name = key.path.substr(key.path.rfind('.') + 1);
        if (const Fault fault = key.read(draft, name, found->second.values); !fault.empty()) {
            draft.mistakes.push_back(fmt::format("{}: {}", found->second.place, fault));
        }
    }
    if (!has_tls) {
        draft.file.tls.reset();
    }
}

/// Checks the settings that depend on each other.
void judge(Draft& draft) {
    if (const auto& tls = draft.file.tls) {
        if (tls->certificate.empty() || tls->key.empty()) {
            draft.mistake(tls_section,
                          "the certificate or its private key is missing; give cert_file and key_file");
        }
        if (!tls->client_allowed_sans.empty() && tls->client_auth == ClientAuth::require_any) {
            draft.warn("tls_server_config.client_allowed_sans",
                       "RequireAnyClientCert does not verify certificates, so anybody can claim these names; "
                       "write RequireAndVerifyClientCert");
        }
    }
    if (draft.file.rate_limit->interval == std::chrono::nanoseconds::zero()) {
        draft.file.rate_limit.reset();
    } else if (draft.file.rate_limit->burst == 0) {
        draft.mistake("rate_limit.interval", "needs a burst of at least 1, or no request would be answered");
    }
}

void judge_who_may_read_and_write(Draft& draft) {
    const bool has_users = !draft.file.users.empty();
    if (has_users && !draft.file.tls) {
        draft.warn(users_section, "passwords are sent unencrypted without tls_server_config");
    }
    if (const auto& who = draft.source.others_may_write; !who.empty()) {
        const std::string what = fmt::format("others can decide who gets access: {}", who);
        // Anybody who can write the file can grant access, so a file with passwords is refused.
        if (has_users && draft.is_strict) {
            draft.mistake(users_section, what);
        } else {
            draft.warn(has_users ? users_section : "the file", what);
        }
    }
    if (has_users && draft.source.is_open_to_everybody()) {
        draft.warn(users_section,
                   "every user of this machine can read the password hashes and try to crack them");
    }
}

}  // namespace

WebFileReading read_web_file(const std::string& path, const base::FileReader& reader,
                             base::WorldReadable world_readable) {
    const auto source = reader(path);
    if (!source) {
        const auto line = fmt::format("{}: the web configuration file {}", path, source.error());
        return {tl::unexpected(base::MistakeLines{line}), {}, {{path, fingerprint_of(source)}}};
    }
    Draft draft{path, reader, *source, world_readable == base::WorldReadable::refused};
    draft.read_files[path] = fingerprint_of(source);
    read_keys(draft, read_yaml(draft));
    // After a mistake, further problems may only be its consequences.
    if (draft.mistakes.empty()) {
        judge(draft);
        judge_who_may_read_and_write(draft);
    }
    if (!draft.mistakes.empty()) {
        return {tl::unexpected(std::move(draft.mistakes)), {}, std::move(draft.read_files)};
    }
    return {std::move(draft.file), std::move(draft.warnings), std::move(draft.read_files)};
}

bool have_changed(const ReadFiles& files, const base::FileReader& reader) {
    return std::any_of(files.begin(), files.end(),
                       [&](const auto& file) { return fingerprint_of(reader(file.first)) != file.second; });
}

std::vector<std::string_view> web_file_keys() {
    std::vector<std::string_view> paths;
    paths.reserve(web_keys.size());
    for (const WebKey& key : web_keys) {
        paths.push_back(key.path);
    }
    return paths;
}

}  // namespace exporter::http
