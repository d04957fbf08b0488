#include "config/credentials.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace exporter::config {
namespace {

using base::begins_with;
using base::ends_with;
using base::holds;
using base::is_blank;
using base::is_letter;

constexpr std::size_t longest_secret = 4096;
constexpr std::size_t longest_secret_file = longest_secret + 2;  // with its line end

bool any_of(std::span<const std::string_view> words, std::string_view text,
            bool (*test)(std::string_view, std::string_view)) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return test(text, word); });
}

std::string_view without_blanks_before(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// Detects the byte order marks of UTF-8 and UTF-16.
bool begins_with_byte_order_mark(std::string_view text) {
    constexpr std::array<std::string_view, 3> marks = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
    return any_of(marks, text, begins_with);
}

bool begins_with_bearer(std::string_view text) {
    constexpr std::string_view bearer = "Bearer";
    return begins_with(text, bearer) &&
           (text.size() == bearer.size() || text[bearer.size()] == ':' || is_blank(text[bearer.size()]));
}

/// `NAME=value`, `export NAME = value`, `name: value`, `DD-API-KEY:value`
bool has_a_name_before(std::string_view text) {
    if (looks_like_access_token(text)) {
        return false;
    }
    if (begins_with(text, "export ")) {
        text = without_blanks_before(text.substr(std::string_view("export ").size()));
    }
    const auto name_end = std::find_if_not(
        text.begin(), text.end(), [](char c) { return base::is_word_character(c) || c == '-' || c == '.'; });
    const std::string_view name(text.begin(), name_end);
    const std::string_view rest = without_blanks_before(text.substr(name.size()));
    if (name.empty() || base::is_digit(name.front()) || rest.size() < 2) {
        return false;
    }
    // Equals signs only at the end are Base64 padding.
    const bool is_assignment =
        rest.front() == '=' && rest.find_first_not_of("=\r\n") != std::string_view::npos;
    constexpr std::array<std::string_view, 3> titles = {"key", "token", "authorization"};
    const bool is_header = rest.front() == ':' && (is_blank(rest[1]) || any_of(titles, name, ends_with));
    return is_assignment || is_header;
}

bool is_in_quotation_marks(std::string_view text) {
    constexpr std::array<std::string_view, 10> marks = {"\"", "'", "`", "“", "”", "„", "‘", "’", "«", "»"};
    return any_of(marks, text, begins_with) || any_of(marks, text, ends_with);
}

bool is_between(std::string_view text, char open, char close) {
    return text.size() > 2 && text.front() == open && text.back() == close;
}

/// A value that is the variable's own name (`DD_API_KEY`, `__dd_api_key__`, `@DD_API_KEY@`,
/// `#{DD-API-KEY}#`), or a word that programs and people write when there is no value.
bool is_a_word_for_a_value(std::string_view text) {
    constexpr std::string_view marks = "_@#{}<>";
    constexpr std::array<std::string_view, 16> words = {
        {"DD_API_KEY", "DD_APP_KEY", "DD_APPLICATION_KEY", "DD_BEARER_TOKEN", "DD_SITE", "DATADOG_API_KEY",
         "DATADOG_APP_KEY", "DATADOG_SITE", "CHANGEME", "CHANGE_ME", "REPLACEME", "REPLACE_ME", "NULL",
         "NONE", "UNDEFINED", "TODO"}};
    const std::size_t first = std::min(text.find_first_not_of(marks), text.size());
    const std::string_view word = text.substr(first, text.find_last_not_of(marks) + 1 - first);
    return std::any_of(words.begin(), words.end(), [&](std::string_view candidate) {
        return std::equal(word.begin(), word.end(), candidate.begin(), candidate.end(),
                          [](char a, char b) { return (a == '-' ? '_' : base::lower(a)) == base::lower(b); });
    });
}

/// `your-api-key`
bool is_your_key(std::string_view text) {
    const bool has_letters_alone = std::all_of(
        text.begin(), text.end(), [](char c) { return is_letter(c) || c == '_' || c == '-' || c == ' '; });
    return has_letters_alone && begins_with(text, "your") &&
           (ends_with(text, "key") || ends_with(text, "token"));
}

/// `xxxxxxxx`, `0000`
bool is_one_character_throughout(std::string_view text) {
    constexpr std::size_t fewest = 4;
    return text.size() >= fewest && (base::is_word_character(text.front()) || text.front() == '-') &&
           text.find_first_not_of(text.front()) == std::string_view::npos;
}

/// Text that is a placeholder for a value.
bool stands_for_a_value(std::string_view text) {
    // `{{ name }}`, JSON, `<name>`; `=`, which templates produce for an empty value; and references that the
    // Datadog Agent, clouds and password managers would resolve.
    constexpr std::array<std::string_view, 8> beginnings = {
        "{", "<", "=", "ENC[", "@Microsoft.KeyVault(", "arn:aws", "op://", "vault:"};
    constexpr std::array<std::string_view, 4> masks = {"***", "...", "…", "••"};
    // `${NAME}`, `$NAME`, `$(NAME)`
    const bool is_variable = text.size() > 1 && text.front() == '$' &&
                             (is_letter(text[1]) || text[1] == '_' || text[1] == '{' || text[1] == '(');
    return is_variable || any_of(beginnings, text, begins_with) || any_of(masks, text, holds) ||
           is_between(text, '[', ']') || is_between(text, '%', '%') || is_your_key(text) ||
           is_a_word_for_a_value(text) || is_one_character_throughout(text);
}

bool is_path_or_url(std::string_view text) {
    constexpr std::array<std::string_view, 5> beginnings = {"/", "./", "../", "~/", "file:"};
    return any_of(beginnings, text, begins_with) || text.find("://") != std::string_view::npos;
}

struct Slip {
    bool (*is_made)(std::string_view text);
    std::string_view words;
};

/// The first match is reported.
constexpr std::array<Slip, 5> slips = {{
    {begins_with_byte_order_mark,
     "begins with a byte order mark, which is invisible and which PowerShell and some editors add; save it "
     "as ASCII without one"},
    {begins_with_bearer, "begins with the word Bearer; leave that word out"},
    {has_a_name_before, "has a name before the value, as in NAME=value; write only the value"},
    {is_in_quotation_marks, "begins or ends with a quotation mark; write it without quotation marks"},
    {stands_for_a_value,
     "is a placeholder, a masked copy or a reference to a secret stored elsewhere; write the secret itself"},
}};

/// Why the text can't be a key of this kind; empty: it can.
std::string_view fault_in_key(KeyKind kind, std::string_view text) {
    if (text.empty()) {
        return "is empty; it should hold the secret and nothing else";
    }
    if (text.size() > longest_secret) {
        return "is longer than 4096 bytes; it should hold the secret and nothing else";
    }
    if (const std::string_view slip = slip_in(text); !slip.empty()) {
        return slip;
    }
    if (kind == KeyKind::api_key && looks_like_access_token(text)) {
        return "is an access token (ddpat_… or ddsat_…), not an API key; give it on its own, in "
               "DD_BEARER_TOKEN or in the file of --datadog.bearer-token-file (bearer_token_file)";
    }
    if (is_path_or_url(text)) {
        return "is a path or a URL, not a key; the path of a key's file goes into --datadog.api-key-file, "
               "--datadog.app-key-file or --datadog.bearer-token-file";
    }
    return std::all_of(text.begin(), text.end(), base::is_visible)
               ? ""
               : "has more than one line, a space, a control character or a byte outside ASCII, which no key "
                 "has; it should hold the secret and nothing else";
}

/// The path, unless the key itself was given instead of its file.
std::string shown(const std::filesystem::path& path) {
    if (base::may_hold_a_key(path.filename().native())) {
        return "(not shown: it looks like a key, not like the path of a key file)";
    }
    const std::string& text = path.native();
    return std::none_of(text.begin(), text.end(), base::is_control) ? text : base::quote(text);
}

}  // namespace

std::string_view slip_in(std::string_view text) {
    const auto found =
        std::find_if(slips.begin(), slips.end(), [&](const Slip& slip) { return slip.is_made(text); });
    return found == slips.end() ? std::string_view{} : found->words;
}

std::string_view doubt_about_key(KeyKind kind, std::string_view text) {
    constexpr std::size_t api_key_digits = 32;
    constexpr std::size_t app_key_digits = 40;
    if (!std::all_of(text.begin(), text.end(), base::is_hexadecimal)) {
        return {};
    }
    if (text.size() == api_key_digits && kind != KeyKind::api_key) {
        return "has 32 hexadecimal digits, like an API key; it may be in another key's place";
    }
    return text.size() == app_key_digits && kind != KeyKind::app_key
               ? "has 40 hexadecimal digits, like an application key; it may be in another key's place"
               : "";
}

bool looks_like_access_token(std::string_view text) {
    return text.starts_with("ddpat_") || text.starts_with("ddsat_");
}

tl::expected<base::Secret, std::string> parse_secret(KeyKind kind, std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    base::Secret secret(std::move(text));
    if (const std::string_view fault = fault_in_key(kind, secret.expose()); !fault.empty()) {
        return tl::unexpected(std::string(fault));
    }
    return secret;
}

tl::expected<base::Secret, std::string> read_secret_file(KeyKind kind, const std::filesystem::path& path,
                                                         base::WorldReadable world_readable) {
    return base::read_regular_file(path, longest_secret_file)
        .and_then([&](const base::FileText& file) -> tl::expected<base::Secret, std::string> {
            if (world_readable == base::WorldReadable::refused && file.is_open_to_everybody()) {
                return tl::unexpected(base::open_to_everybody(file.mode));
            }
            return parse_secret(kind, std::string(file.text.expose()));
        })
        .map_error([&](const std::string& why) { return fmt::format("{}: {}", shown(path), why); });
}

std::string fault_between(const CredentialSources& sources) {
    const auto* api = sources.api_key ? std::get_if<std::filesystem::path>(&*sources.api_key) : nullptr;
    const auto* app = sources.app_key ? std::get_if<std::filesystem::path>(&*sources.app_key) : nullptr;
    std::error_code ignored;  // A missing file has already been reported.
    return api != nullptr && app != nullptr && std::filesystem::equivalent(*api, *app, ignored)
               ? fmt::format("{}: is also the API key's file; each key needs its own file", shown(*app))
               : std::string();
}

tl::expected<Credentials, std::string> read_credentials(const CredentialSources& sources) {
    Credentials credentials;
    for (const KeyRow& row : key_rows) {
        const std::optional<SecretSource>& source = sources.*row.source;
        if (!source) {
            continue;
        }
        const auto* const path = std::get_if<std::filesystem::path>(&*source);
        auto secret = path == nullptr ? std::get<base::Secret>(*source)
                                      : read_secret_file(row.kind, *path, sources.world_readable);
        if (!secret) {
            return tl::unexpected(std::move(secret.error()));
        }
        credentials.*row.secret = *std::move(secret);
    }
    if (std::string fault = fault_between(sources); !fault.empty()) {
        return tl::unexpected(std::move(fault));
    }
    return credentials;
}

}  // namespace exporter::config
