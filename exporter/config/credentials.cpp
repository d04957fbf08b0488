#include "config/credentials.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t longest_secret = 4096;
constexpr std::size_t longest_secret_file = longest_secret + 2;  // with its line end

tl::unexpected<std::string> failure(const std::string& origin, std::string_view why) {
    return tl::unexpected(fmt::format("{}: {}", origin, why));
}

/// A path is shown, unless somebody wrote the key itself where its file belongs.
std::string shown(const std::filesystem::path& path) {
    if (base::may_hold_a_key(path.filename().native())) {
        return "(not shown: it looks like a key, not like the path of its file)";
    }
    const std::string& text = path.native();
    return std::none_of(text.begin(), text.end(), base::is_control) ? text : base::quote(text);
}

tl::expected<base::Secret, std::string> read_source(KeyKind kind, const SecretSource& source,
                                                    base::WorldReadable world_readable) {
    if (const auto* path = std::get_if<std::filesystem::path>(&source)) {
        return read_secret_file(kind, *path, world_readable);
    }
    return std::get<base::Secret>(source);
}

std::string reason(const base::FileError& error) {
    using Kind = base::FileError::Kind;
    switch (error.kind) {
        case Kind::directory:
            return "is a directory; name the file that holds the secret";
        case Kind::irregular:
            return "is not a regular file, and could not be read again at each poll";
        case Kind::too_long:
            return "is longer than 4096 bytes; it should hold the secret and nothing else";
        default:
            return base::describe(error);
    }
}

struct Slot {
    KeyKind kind;
    std::optional<SecretSource> CredentialSources::* source;
    std::optional<base::Secret> Credentials::* secret;
};

constexpr std::array<Slot, 3> slots = {
    {{KeyKind::api_key, &CredentialSources::api_key, &Credentials::api_key},
     {KeyKind::app_key, &CredentialSources::app_key, &Credentials::app_key},
     {KeyKind::bearer_token, &CredentialSources::bearer_token, &Credentials::bearer_token}}};

}  // namespace

tl::expected<base::Secret, std::string> parse_secret(KeyKind kind, std::string text,
                                                     const std::string& origin) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    base::Secret secret(std::move(text));
    const std::string_view exposed = secret.expose();
    if (exposed.empty()) {
        return failure(origin, "is empty; it should hold the secret and nothing else");
    }
    if (exposed.size() > longest_secret) {
        return failure(origin, "is longer than 4096 bytes; it should hold the secret and nothing else");
    }
    if (const std::string_view fault = fault_in_key(kind, exposed); !fault.empty()) {
        return failure(origin, fault);
    }
    if (exposed.find_first_of("\r\n") != std::string_view::npos) {
        return failure(origin, "holds more than one line; it should hold the secret and nothing else");
    }
    if (!std::all_of(exposed.begin(), exposed.end(), base::is_visible)) {
        return failure(
            origin,
            "holds a space, a control character or a byte beyond ASCII, which no key has; it should hold "
            "the secret and nothing else");
    }
    return secret;
}

tl::expected<base::Secret, std::string> read_secret_file(KeyKind kind, const std::filesystem::path& path,
                                                         base::WorldReadable world_readable) {
    const auto file = base::read_regular_file(path, longest_secret_file);
    if (!file) {
        return failure(shown(path), reason(file.error()));
    }
    if (world_readable == base::WorldReadable::refused && file->is_open_to_everybody()) {
        return failure(shown(path), base::open_to_everybody(file->mode));
    }
    return parse_secret(kind, std::string(file->text.expose()), shown(path));
}

std::string fault_between(const CredentialSources& sources) {
    const auto* api = sources.api_key ? std::get_if<std::filesystem::path>(&*sources.api_key) : nullptr;
    const auto* app = sources.app_key ? std::get_if<std::filesystem::path>(&*sources.app_key) : nullptr;
    std::error_code ignored;  // A file that is not there has been told of already.
    return api != nullptr && app != nullptr && std::filesystem::equivalent(*api, *app, ignored)
               ? fmt::format("{}: is also the API key's file; each key needs its own", shown(*app))
               : std::string();
}

tl::expected<Credentials, std::string> read_credentials(const CredentialSources& sources) {
    Credentials credentials;
    for (const Slot& slot : slots) {
        const std::optional<SecretSource>& source = sources.*slot.source;
        if (!source) {
            continue;
        }
        auto secret = read_source(slot.kind, *source, sources.world_readable);
        if (!secret) {
            return tl::unexpected(std::move(secret.error()));
        }
        credentials.*slot.secret = *std::move(secret);
    }
    if (std::string fault = fault_between(sources); !fault.empty()) {
        return tl::unexpected(std::move(fault));
    }
    return credentials;
}

}  // namespace exporter::config
