// An organization's credentials: where they come from, how they are read, and what they look like.
//
// Files are read again at each poll, so a rotated secret needs no restart; secrets from the environment are
// read once, at startup. No key is rejected for its length or alphabet alone, because Datadog may change
// those. Only copying mistakes are rejected.
#pragma once

#include "base/regular_file.h"
#include "base/secret.h"

#include <tl/expected.hpp>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace exporter::config {

/// The credentials of a request. Either `bearer_token`, or `app_key` with or without `api_key` (an access
/// token in `app_key` needs none).
struct Credentials {
    std::optional<base::Secret> api_key;
    std::optional<base::Secret> app_key;
    std::optional<base::Secret> bearer_token;
};

/// A secret's source: the value itself, or the file that contains it.
using SecretSource = std::variant<base::Secret, std::filesystem::path>;

struct CredentialSources {
    std::optional<SecretSource> api_key;
    std::optional<SecretSource> app_key;
    std::optional<SecretSource> bearer_token;
    base::WorldReadable world_readable = base::WorldReadable::refused;
};

enum class KeyKind { api_key, app_key, bearer_token };

/// One of the credentials: its name in messages, and where it can be given.
struct KeyRow {
    KeyKind kind;
    std::string_view title;
    std::string_view variable;
    std::string_view flag;  ///< flag for its file
    std::optional<SecretSource> CredentialSources::* source;
    std::optional<base::Secret> Credentials::* secret;
};

inline constexpr std::array<KeyRow, 3> key_rows = {{
    {KeyKind::api_key, "API key", "DD_API_KEY", "datadog.api-key-file", &CredentialSources::api_key,
     &Credentials::api_key},
    {KeyKind::app_key, "application key", "DD_APP_KEY", "datadog.app-key-file", &CredentialSources::app_key,
     &Credentials::app_key},
    {KeyKind::bearer_token, "bearer token", "DD_BEARER_TOKEN", "datadog.bearer-token-file",
     &CredentialSources::bearer_token, &Credentials::bearer_token},
}};

/// Detects a mistake in a value copied into a variable or a file: a byte order mark, quotation marks, the
/// variable's name, a placeholder, a reference. Returns a predicate that follows the value's place in a
/// message (`begins with ...; write ...`) and says what to write; empty: no mistake.
[[nodiscard]] std::string_view slip_in(std::string_view text);

/// Whether the text has the shape of another kind of key: Datadog's classic API keys have 32 hexadecimal
/// digits, application keys 40. Only worth a warning; empty: no doubt.
[[nodiscard]] std::string_view doubt_about_key(KeyKind kind, std::string_view text);

/// `ddpat_…` (personal) or `ddsat_…` (service).
[[nodiscard]] bool looks_like_access_token(std::string_view text);

/// Checks a secret's text and trims trailing line ends. Rejects an empty string, one that can't be a key of
/// this kind (`slip_in`, an access token as API key, a path), one that contains anything except visible ASCII
/// (a line end, a blank), and one over 4096 bytes. The error is worded like that of `slip_in` and never
/// quotes the text.
[[nodiscard]] tl::expected<base::Secret, std::string> parse_secret(KeyKind kind, std::string text);

/// Reads a secret file. The error contains the reason and the path (unless the path looks like a key itself),
/// never the content. A file that anybody except its owner and group can read or write is an error unless
/// `allowed`.
[[nodiscard]] tl::expected<base::Secret, std::string> read_secret_file(
    KeyKind kind, const std::filesystem::path& path,
    base::WorldReadable world_readable = base::WorldReadable::refused);

/// What is wrong with the combination of key sources: one file used for two keys, even if its path is written
/// differently. Empty: nothing.
[[nodiscard]] std::string fault_between(const CredentialSources& sources);

/// Reads all sources immediately. The error is for the first source that can't be read.
[[nodiscard]] tl::expected<Credentials, std::string> read_credentials(const CredentialSources& sources);

}  // namespace exporter::config
