#include "http/web_file.h"

#include "base/duration.h"
#include "base/nearest_name.h"
#include "base/text.h"
#include "base/yaml_reader.h"
#include "http/web_file_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace exporter::http {
namespace {

constexpr std::string_view users_key = "basic_auth_users";
constexpr std::string_view http2_key = "http_server_config.http2";
constexpr std::string_view interval_key = "rate_limit.interval";
constexpr std::string_view burst_key = "rate_limit.burst";
constexpr std::size_t longest_user_name = 255;
constexpr std::size_t longest_header = 4096;
constexpr unsigned most_burst = 1'000'000;

/// In the order of the format's own documentation.
constexpr std::array<WebFileKey, 22> format_keys = {{
    {"tls_server_config.cert", WebKeyKind::text},
    {"tls_server_config.key", WebKeyKind::text},
    {"tls_server_config.client_ca", WebKeyKind::text},
    {"tls_server_config.cert_file", WebKeyKind::text},
    {"tls_server_config.key_file", WebKeyKind::text},
    {"tls_server_config.client_auth_type", WebKeyKind::text},
    {"tls_server_config.client_ca_file", WebKeyKind::text},
    {"tls_server_config.client_allowed_sans", WebKeyKind::list},
    {"tls_server_config.min_version", WebKeyKind::text},
    {"tls_server_config.max_version", WebKeyKind::text},
    {"tls_server_config.cipher_suites", WebKeyKind::list},
    {"tls_server_config.prefer_server_cipher_suites", WebKeyKind::text},
    {"tls_server_config.curve_preferences", WebKeyKind::list},
    {"http_server_config.http2", WebKeyKind::text},
    {"http_server_config.headers.Content-Security-Policy", WebKeyKind::text},
    {"http_server_config.headers.X-Frame-Options", WebKeyKind::text},
    {"http_server_config.headers.X-Content-Type-Options", WebKeyKind::text},
    {"http_server_config.headers.X-XSS-Protection", WebKeyKind::text},
    {"http_server_config.headers.Strict-Transport-Security", WebKeyKind::text},
    {users_key, WebKeyKind::names},
    {interval_key, WebKeyKind::text},
    {burst_key, WebKeyKind::text},
}};

std::vector<base::YamlKey> yaml_keys() {
    std::vector<base::YamlKey> result;
    for (const WebFileKey& key : format_keys) {
        if (key.kind != WebKeyKind::names) {
            result.push_back({std::string(key.path), std::string(key.path), key.kind == WebKeyKind::list});
        }
    }
    return result;
}

/// What is wrong with a user's name, or empty: https://www.rfc-editor.org/rfc/rfc7617#section-2
std::string_view fault_in_user_name(std::string_view name) {
    if (name.empty() || name.size() > longest_user_name) {
        return "a user's name has 1 to 255 bytes";
    }
    const bool is_sendable = std::none_of(name.begin(), name.end(),
                                          [](unsigned char c) { return c < 0x20 || c == 0x7f || c == ':'; });
    return is_sendable ? "" : "a user's name can hold neither a colon nor a control character";
}

/// A name that is none, or not a plain one, may be a hash in the wrong place.
std::string shown_user(std::string_view name) {
    const std::string shown = base::shown_name(name);
    return shown == name ? fmt::format("{}.{}", users_key, shown) : std::string(users_key);
}

/// Names and their hashes; what is wrong is reported and left out.
std::map<std::string, BcryptHash> read_users(base::YamlReader& reader, const YAML::Node& key,
                                             const YAML::Node& value) {
    std::map<std::string, BcryptHash> users;
    if (!value.IsMap()) {
        if (!value.IsNull()) {
            reader.mistake(reader.place(key.Mark(), users_key),
                           "is a section; write name: hash below it, indented");
        }
        return users;
    }
    for (const auto& entry : value) {
        const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
        const std::string where = reader.place(entry.first.Mark(), shown_user(name));
        const auto hash = BcryptHash::parse(entry.second.IsScalar() ? entry.second.Scalar() : "");
        if (const std::string_view fault = fault_in_user_name(name); !fault.empty()) {
            reader.mistake(where, fault);
        } else if (!hash) {
            reader.mistake(where, hash.error());
        } else if (!users.emplace(name, *hash).second) {
            reader.mistake(where, "is there twice; keep one");
        }
    }
    return users;
}

bool is_header_text(std::string_view text) {
    return text.size() <= longest_header &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// What is wrong with a header's value, or empty. The choices are exporter-toolkit's.
std::string_view fault_in_header(std::string_view name, std::string_view value) {
    if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
        return "is neither deny nor sameorigin";
    }
    if (name == "X-Content-Type-Options" && value != "nosniff") {
        return "can only be nosniff";
    }
    return is_header_text(value) ? "" : "holds a line end or another character that no header can have";
}

std::vector<std::pair<std::string, std::string>> read_headers(WebFileSettings& settings) {
    constexpr std::string_view prefix = "http_server_config.headers.";
    std::vector<std::pair<std::string, std::string>> headers;
    for (const WebFileKey& key : format_keys) {
        if (!key.path.starts_with(prefix) || settings.given(key.path) == nullptr) {
            continue;
        }
        const std::string_view name = key.path.substr(prefix.size());
        // Blanks at the ends are no part of a header's value; a block of YAML ends with one.
        const std::string value(base::trim(settings.text(key.path)));
        if (const std::string_view fault = fault_in_header(name, value); !fault.empty()) {
            settings.mistake(key.path, fault);
        } else {
            headers.emplace_back(name, value);
        }
    }
    return headers;
}

/// 0: not given, or a mistake.
unsigned read_burst(WebFileSettings& settings) {
    const std::string text = settings.text(burst_key);
    if (text.empty()) {
        return 0;
    }
    unsigned burst = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, burst);
    if (error != std::errc{} || rest != end || burst > most_burst) {
        settings.mistake(burst_key, "is not a whole number from 0 to 1000000");
        return 0;
    }
    return burst;
}

std::optional<RateLimit> read_rate_limit(WebFileSettings& settings) {
    const std::string text = settings.text(interval_key);
    const auto interval = base::parse_duration(text.empty() ? "0" : text);
    if (!interval) {
        settings.mistake(interval_key, "is not a duration; write it like 500ms, 1s or 1m30s, or 0 for none");
        return std::nullopt;
    }
    const unsigned burst = read_burst(settings);
    if (*interval == base::Duration::zero()) {
        return std::nullopt;
    }
    if (burst == 0) {
        settings.mistake(interval_key, "needs a burst of at least 1 beside it, or nobody would be answered");
    }
    return RateLimit{*interval, burst};
}

void refuse_http2(WebFileSettings& settings) {
    if (settings.toggle(http2_key, false)) {
        settings.mistake(http2_key,
                         "HTTP/2 is not spoken; Prometheus scrapes with HTTP/1.1 as well: write false, or "
                         "leave it out");
    }
}

/// Who can write the file can let in whomever they like: what lets in those with a password is refused then.
void tell_who_may_write(WebFileSettings& settings, const std::string& who, bool has_users,
                        base::WorldReadable world_readable) {
    const std::string what = fmt::format("others can decide who is let in: {}", who);
    if (has_users && world_readable == base::WorldReadable::refused) {
        settings.mistake(users_key, what + "; or allow it with --datadog.allow-world-readable-secrets");
    } else {
        settings.warn(has_users ? users_key : "the file", what);
    }
}

bool is_same(const std::optional<base::Secret>& text, const std::optional<base::Secret>& other) {
    return text.has_value() == other.has_value() && (!text || text->expose() == other->expose());
}

/// The one mistake of a file that can't be used at all.
WebFileReading unusable(const std::string& path, std::string_view why, std::vector<ReadFile> read_files) {
    return {tl::unexpected(base::MistakeLines{fmt::format("{}: the web configuration file {}", path, why)}),
            {},
            std::move(read_files)};
}

}  // namespace

std::span<const WebFileKey> web_file_keys() {
    return format_keys;
}

WebFileReading read_web_file(const std::string& path, const base::FileReader& reader,
                             base::WorldReadable world_readable) {
    auto text = reader(path);
    std::vector<ReadFile> read_files = {{path, text ? std::optional(text->text) : std::nullopt}};
    if (!text) {
        return unusable(path, text.error(), std::move(read_files));
    }
    WebFile file;
    base::MistakeLines mistakes;
    base::YamlReader yaml(path, mistakes);
    std::size_t mistakes_about_users = 0;
    const auto read_user_list = [&](const YAML::Node& key, const YAML::Node& value) {
        const std::size_t before = mistakes.size();
        file.users = read_users(yaml, key, value);
        mistakes_about_users += mistakes.size() - before;
    };
    base::Settings written =
        yaml.read(std::string(text->text.expose()), yaml_keys(), {{std::string(users_key), read_user_list}},
                  "tls_server_config: {cert_file: server.crt, key_file: server.key}");
    if (mistakes.size() > mistakes_about_users) {
        // What else seems wrong may follow from a mistyped key.
        return {tl::unexpected(std::move(mistakes)), {}, std::move(read_files)};
    }
    WebFileSettings settings({path, text->mode, world_readable}, std::move(written), reader);
    file.tls = read_web_tls(settings);
    file.headers = read_headers(settings);
    file.rate_limit = read_rate_limit(settings);
    refuse_http2(settings);
    if (!file.users.empty() && !file.tls) {
        settings.warn(users_key, "passwords travel unencrypted without tls_server_config");
    }
    if (!text->others_may_write.empty()) {
        tell_who_may_write(settings, text->others_may_write, !file.users.empty(), world_readable);
    }
    if (!file.users.empty() && text->is_open_to_everybody()) {
        settings.warn(users_key, "every user of this machine can read the hashes, and guess at them");
    }

    for (std::string& line : settings.take_mistakes()) {
        mistakes.push_back(std::move(line));
    }
    for (ReadFile& other : settings.take_read_files()) {
        read_files.push_back(std::move(other));
    }
    if (!mistakes.empty()) {
        return {tl::unexpected(std::move(mistakes)), {}, std::move(read_files)};
    }
    return {std::move(file), settings.take_warnings(), std::move(read_files)};
}

bool are_same(const std::vector<ReadFile>& files, const std::vector<ReadFile>& others) {
    return std::equal(files.begin(), files.end(), others.begin(), others.end(),
                      [](const ReadFile& file, const ReadFile& other) {
                          return file.path == other.path && is_same(file.text, other.text);
                      });
}

bool have_changed(const std::vector<ReadFile>& files, const base::FileReader& reader) {
    return std::any_of(files.begin(), files.end(), [&](const ReadFile& file) {
        const auto now = reader(file.path);
        return !is_same(file.text, now ? std::optional(now->text) : std::nullopt);
    });
}

}  // namespace exporter::http
