#include "config/credential_inputs.h"

#include "config/environment.h"
#include "config/key_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace exporter::config {
namespace {

/// What a message calls one of the three, and where it can be given.
struct KeyNames {
    KeyKind kind;
    std::string_view title;
    std::string_view variable;
    std::string_view flag;
    std::string_view yaml_key;
};

constexpr KeyNames api_key_names = {KeyKind::api_key, "API key", "DD_API_KEY", "--datadog.api-key-file",
                                    "api_key_file"};
constexpr KeyNames app_key_names = {KeyKind::app_key, "application key", "DD_APP_KEY",
                                    "--datadog.app-key-file", "app_key_file"};
constexpr KeyNames bearer_names = {KeyKind::bearer_token, "bearer token", "DD_BEARER_TOKEN",
                                   "--datadog.bearer-token-file", "bearer_token_file"};

struct Key {
    std::string place;  ///< empty: not given
    std::optional<SecretSource> source;
    std::optional<base::Secret> value;  ///< nullopt although given: it could not be read, or can't be one

    [[nodiscard]] bool is_given() const { return !place.empty(); }
};

class KeyReader {
  public:
    KeyReader(const CredentialInputs& inputs, base::MistakeLines& mistakes)
        : inputs_(inputs), mistakes_(mistakes) {}

    [[nodiscard]] Key read(const KeyNames& names, const std::optional<base::Setting>& file) {
        const bool has_file = file && !file->values.empty() && !file->values.front().empty();
        auto text =
            inputs_.environment == nullptr ? std::nullopt : variable(*inputs_.environment, names.variable);
        if (has_file && text) {
            mistakes_.push_back(fmt::format("{}: the {} is given by {} as well; keep one of them",
                                            file->place, names.title, names.variable));
        }
        if (has_file) {
            return read_file(names.kind, *file);
        }
        return text ? read_variable(names, *std::move(text)) : Key{};
    }

  private:
    [[nodiscard]] Key read_file(KeyKind kind, const base::Setting& setting) {
        std::filesystem::path path = setting.values.front();
        if (setting.source == base::Source::file && path.is_relative()) {
            path = inputs_.directory / path;
        }
        auto secret = read_secret_file(kind, path, inputs_.world_readable);
        if (!secret) {
            mistakes_.push_back(fmt::format("{}: {}", setting.place, secret.error()));
            return Key{setting.place, std::nullopt, std::nullopt};
        }
        return Key{setting.place, std::move(path), *std::move(secret)};
    }

    [[nodiscard]] Key read_variable(const KeyNames& names, std::string text) {
        const std::string place(names.variable);
        auto secret = parse_secret(names.kind, std::move(text), place);
        if (!secret) {
            mistakes_.push_back(std::move(secret.error()));
            return Key{place, std::nullopt, std::nullopt};
        }
        return Key{place, *secret, *secret};
    }

    const CredentialInputs& inputs_;
    base::MistakeLines& mistakes_;
};

/// `DD_API_KEY or --datadog.api-key-file`; below `organizations` only the file counts.
std::string ways_to_give(const CredentialInputs& inputs, const KeyNames& names) {
    return inputs.environment == nullptr ? std::string(names.yaml_key)
                                         : fmt::format("{} or {}", names.variable, names.flag);
}

std::string no_credentials(const CredentialInputs& inputs) {
    if (inputs.environment == nullptr) {
        return fmt::format("{}: no credentials; give api_key_file and app_key_file, or bearer_token_file",
                           inputs.place);
    }
    return fmt::format(
        "{}: no credentials; set DD_API_KEY and DD_APP_KEY, or DD_BEARER_TOKEN, or name their files with "
        "--datadog.api-key-file and --datadog.app-key-file, or --datadog.bearer-token-file; --demo needs "
        "none",
        inputs.place);
}

/// What is wrong with the keys taken together.
std::optional<std::string> fault_of(const CredentialInputs& inputs, const Key& api, const Key& app,
                                    const Key& bearer) {
    if (!api.is_given() && !app.is_given() && !bearer.is_given()) {
        return inputs.needed ? std::optional(no_credentials(inputs)) : std::nullopt;
    }
    if (bearer.is_given()) {
        const Key& other = app.is_given() ? app : api;
        return other.is_given()
                   ? std::optional(fmt::format(
                         "{}: {} is given as well; a request authenticates either with a bearer token "
                         "or with keys: keep one of them",
                         bearer.place, other.place))
                   : std::nullopt;
    }
    if (!app.is_given() && !api.value) {
        return std::nullopt;  // It may be no API key at all.
    }
    if (!app.is_given()) {
        return fmt::format("{}: an API key alone can't read tokens; the application key is missing: give {}",
                           api.place, ways_to_give(inputs, app_key_names));
    }
    if (!api.is_given() && app.value && !looks_like_access_token(app.value->expose())) {
        return fmt::format(
            "{}: an application key needs an API key beside it: give {}; only an access token (ddpat_… "
            "or ddsat_…) goes without",
            app.place, ways_to_give(inputs, api_key_names));
    }
    return std::nullopt;
}

std::string_view doubt_about(KeyKind kind, const Key& key) {
    return key.value ? doubt_about_key(kind, key.value->expose()) : std::string_view{};
}

/// What may be wrong with keys that can all be right.
base::MistakeLines doubts_about(const Key& api, const Key& app, const Key& bearer) {
    if (api.value && app.value && api.value->expose() == app.value->expose()) {
        return {fmt::format("{}: is the same as {}; one of the two is wrong", app.place, api.place)};
    }
    const std::string_view about_api = doubt_about(KeyKind::api_key, api);
    const std::string_view about_app = doubt_about(KeyKind::app_key, app);
    if (!about_api.empty() && !about_app.empty()) {
        return {
            fmt::format("{}: this and {} seem to be swapped: this has 40 hexadecimal digits, as application "
                        "keys have, the other 32, as API keys have",
                        api.place, app.place)};
    }
    base::MistakeLines lines;
    for (const auto& [key, doubt] : {std::pair(&api, about_api), std::pair(&app, about_app),
                                     std::pair(&bearer, doubt_about(KeyKind::bearer_token, bearer))}) {
        if (!doubt.empty()) {
            lines.push_back(fmt::format("{}: {}", key->place, doubt));
        }
    }
    return lines;
}

}  // namespace

CredentialSources read_credential_sources(const CredentialInputs& inputs, base::MistakeLines& mistakes,
                                          std::vector<std::string>& warnings) {
    KeyReader reader(inputs, mistakes);
    Key api = reader.read(api_key_names, inputs.api_key_file);
    Key app = reader.read(app_key_names, inputs.app_key_file);
    Key bearer = reader.read(bearer_names, inputs.bearer_token_file);
    if (auto fault = fault_of(inputs, api, app, bearer)) {
        mistakes.push_back(*std::move(fault));
    }
    CredentialSources sources{std::move(api.source), std::move(app.source), std::move(bearer.source),
                              inputs.world_readable};
    if (const std::string fault = fault_between(sources); !fault.empty()) {
        mistakes.push_back(fmt::format("{}: {}", app.place, fault));
    } else {
        std::ranges::move(doubts_about(api, app, bearer), std::back_inserter(warnings));
    }
    return sources;
}

}  // namespace exporter::config
