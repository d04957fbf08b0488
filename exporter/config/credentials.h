// Where an organization's credentials come from, and how they are read.
//
// Files are read again at each poll, so a rotated secret needs no restart; what came from the environment was
// read once, at start.
#pragma once

#include "base/file_text.h"
#include "base/secret.h"
#include "config/key_shape.h"

#include <tl/expected.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace exporter::config {

/// What a request authenticates with. Either `bearer_token`, or `app_key` with or without `api_key` (an
/// access token in `app_key` needs none).
struct Credentials {
    std::optional<base::Secret> api_key;
    std::optional<base::Secret> app_key;
    std::optional<base::Secret> bearer_token;
};

/// A secret's source: the value itself, or the file that holds it.
using SecretSource = std::variant<base::Secret, std::filesystem::path>;

struct CredentialSources {
    std::optional<SecretSource> api_key;
    std::optional<SecretSource> app_key;
    std::optional<SecretSource> bearer_token;
    base::WorldReadable world_readable = base::WorldReadable::refused;
};

/// Checks a secret's text: trailing line ends are trimmed; an empty text, one that can't be a key of this
/// kind (`fault_in_key`), one with anything but visible ASCII inside (a line end, a blank), or one over 4096
/// bytes is an error. The error never quotes the text. `origin` names the file or variable.
[[nodiscard]] tl::expected<base::Secret, std::string> parse_secret(KeyKind kind, std::string text,
                                                                   const std::string& origin);

/// Reads a secret file. The error names the reason and the path (unless the path looks like a key itself),
/// never the content. A file that others than its owner and group can read or write is an error unless
/// `allowed`.
[[nodiscard]] tl::expected<base::Secret, std::string> read_secret_file(
    KeyKind kind, const std::filesystem::path& path,
    base::WorldReadable world_readable = base::WorldReadable::refused);

/// What is wrong with where the keys come from, taken together: one file for two of them, however its path is
/// written. Empty: nothing.
[[nodiscard]] std::string fault_between(const CredentialSources& sources);

/// Reads all sources now. The error is that of the first source that can't be read.
[[nodiscard]] tl::expected<Credentials, std::string> read_credentials(const CredentialSources& sources);

}  // namespace exporter::config
