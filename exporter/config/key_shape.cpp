#include "config/key_shape.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace exporter::config {
namespace {

using base::begins_with;
using base::ends_with;
using base::holds;
using base::is_blank;
using base::is_digit;
using base::is_letter;
using base::same_word;

constexpr std::size_t api_key_digits = 32;
constexpr std::size_t app_key_digits = 40;

bool any_of(std::span<const std::string_view> words, std::string_view text,
            bool (*test)(std::string_view, std::string_view)) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return test(text, word); });
}

std::string_view without_blanks_before(std::string_view text) {
    text.remove_prefix(std::min(
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_blank) - text.begin()),
        text.size()));
    return text;
}

bool begins_with_byte_order_mark(std::string_view text) {
    return text.starts_with("\xef\xbb\xbf");
}

bool is_utf16(std::string_view text) {
    return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
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
    if (name.empty() || is_digit(name.front()) || rest.size() < 2) {
        return false;
    }
    // Equals signs at the end alone are base64's.
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

/// `changeme`, `your-api-key`
bool is_a_request(std::string_view text) {
    constexpr std::array<std::string_view, 6> requests = {"changeme",  "change_me",  "change-me",
                                                          "replaceme", "replace_me", "replace-me"};
    const bool has_letters_alone = std::all_of(
        text.begin(), text.end(), [](char c) { return is_letter(c) || c == '_' || c == '-' || c == ' '; });
    return any_of(requests, text, same_word) || (has_letters_alone && begins_with(text, "your") &&
                                                 (ends_with(text, "key") || ends_with(text, "token")));
}

/// `DD_API_KEY`, `__dd_api_key__`, `@DD_API_KEY@`, `#{DD-API-KEY}#`: the variable's name is its value.
bool is_a_variables_name(std::string_view text) {
    constexpr std::string_view marks = "_@#{}<>";
    constexpr std::array<std::string_view, 8> names = {"DD_API_KEY",      "DD_APP_KEY",  "DD_APPLICATION_KEY",
                                                       "DD_BEARER_TOKEN", "DD_SITE",     "DATADOG_API_KEY",
                                                       "DATADOG_APP_KEY", "DATADOG_SITE"};
    const std::size_t first = std::min(text.find_first_not_of(marks), text.size());
    const std::string_view name = text.substr(first, text.find_last_not_of(marks) + 1 - first);
    return std::any_of(names.begin(), names.end(), [&](std::string_view candidate) {
        return std::equal(name.begin(), name.end(), candidate.begin(), candidate.end(),
                          [](char a, char b) { return (a == '-' ? '_' : base::lower(a)) == base::lower(b); });
    });
}

/// `null`, `TODO`: what programs and people write for want of a value.
bool is_a_word_for_nothing(std::string_view text) {
    constexpr std::array<std::string_view, 4> words = {"null", "none", "undefined", "todo"};
    return any_of(words, text, same_word);
}

/// `xxxxxxxx`, `0000`
bool is_one_character_throughout(std::string_view text) {
    constexpr std::size_t fewest = 4;
    return text.size() >= fewest && (base::is_word_character(text.front()) || text.front() == '-') &&
           text.find_first_not_of(text.front()) == std::string_view::npos;
}

/// `${NAME}`, `$NAME`, `$(NAME)`, `{{ name }}`, `<name>`, `[name]`, `%NAME%`; or `=`, which a template leaves
/// of an empty value
bool is_placeholder(std::string_view text) {
    const bool is_variable = text.size() > 1 && text.front() == '$' &&
                             (is_letter(text[1]) || text[1] == '_' || text[1] == '{' || text[1] == '(');
    return is_variable || text.starts_with("{{") || text.starts_with('<') || text.starts_with('=') ||
           is_between(text, '[', ']') || is_between(text, '%', '%') || is_a_request(text) ||
           is_a_variables_name(text) || is_a_word_for_nothing(text) || is_one_character_throughout(text);
}

/// Where the Datadog Agent, clouds and password managers would look the value up.
bool is_reference(std::string_view text) {
    constexpr std::array<std::string_view, 5> schemes = {"ENC[", "@Microsoft.KeyVault(", "arn:aws", "op://",
                                                         "vault:"};
    return any_of(schemes, text, begins_with);
}

bool is_masked(std::string_view text) {
    constexpr std::array<std::string_view, 4> masks = {"***", "...", "…", "••"};
    return any_of(masks, text, holds);
}

bool is_structure(std::string_view text) {
    return text.starts_with('{');
}

bool is_path_or_url(std::string_view text) {
    constexpr std::array<std::string_view, 5> beginnings = {"/", "./", "../", "~/", "file:"};
    return any_of(beginnings, text, begins_with) || text.find("://") != std::string_view::npos;
}

struct Slip {
    bool (*is_made)(std::string_view text);
    std::string_view words;
};

/// The first that fits is reported.
constexpr std::array<Slip, 9> slips = {{
    {begins_with_byte_order_mark,
     "begins with a byte order mark, which nobody sees and some editors write; remove it"},
    {is_utf16, "is UTF-16 text, as PowerShell's > writes it; write it as ASCII"},
    {begins_with_bearer, "begins with the word Bearer; write only what follows it"},
    {has_a_name_before, "has a name before the value, as in NAME=value; write only the value"},
    {is_in_quotation_marks, "begins or ends with a quotation mark; write it without quotation marks"},
    {is_placeholder, "is a placeholder that nothing has filled in; write the value itself"},
    {is_reference,
     "is a reference to a secret that is kept elsewhere, which the exporter does not look up; write the "
     "value itself"},
    {is_masked, "is a masked copy, with *** or … in it; write the value itself"},
    {is_structure, "is JSON or another structure; write only the value"},
}};

/// A text of so many hexadecimal digits has the shape of another kind of key.
struct Doubt {
    KeyKind kind;
    std::size_t digits;
    std::string_view words;
};

constexpr std::string_view path_words =
    "is a path or a URL, not a key; the path of a key's file goes into --datadog.api-key-file, "
    "--datadog.app-key-file or --datadog.bearer-token-file";

constexpr std::string_view access_token_words =
    "is an access token (ddpat_… or ddsat_…), not an API key; give it, alone, as DD_BEARER_TOKEN or in the "
    "file of --datadog.bearer-token-file (bearer_token_file)";

constexpr std::array<Doubt, 4> doubts = {{
    {KeyKind::api_key, app_key_digits,
     "has 40 hexadecimal digits, as application keys have; an API key has 32"},
    {KeyKind::app_key, api_key_digits,
     "has 32 hexadecimal digits, as API keys have; an application key has 40"},
    {KeyKind::bearer_token, api_key_digits,
     "has 32 hexadecimal digits, as API keys have; an access token begins with ddpat_ or ddsat_"},
    {KeyKind::bearer_token, app_key_digits,
     "has 40 hexadecimal digits, as application keys have; an access token begins with ddpat_ or ddsat_"},
}};

}  // namespace

std::string_view slip_in(std::string_view text) {
    const auto found =
        std::find_if(slips.begin(), slips.end(), [&](const Slip& slip) { return slip.is_made(text); });
    return found == slips.end() ? std::string_view{} : found->words;
}

std::string_view fault_in_key(KeyKind kind, std::string_view text) {
    if (const std::string_view slip = slip_in(text); !slip.empty()) {
        return slip;
    }
    if (kind == KeyKind::api_key && looks_like_access_token(text)) {
        return access_token_words;
    }
    return is_path_or_url(text) ? path_words : std::string_view{};
}

std::string_view doubt_about_key(KeyKind kind, std::string_view text) {
    const auto found = std::find_if(doubts.begin(), doubts.end(), [&](const Doubt& doubt) {
        return doubt.kind == kind && doubt.digits == text.size();
    });
    const bool is_hexadecimal = std::all_of(text.begin(), text.end(), base::is_hexadecimal);
    return found == doubts.end() || !is_hexadecimal ? std::string_view{} : found->words;
}

bool looks_like_access_token(std::string_view text) {
    return text.starts_with("ddpat_") || text.starts_with("ddsat_");
}

}  // namespace exporter::config
