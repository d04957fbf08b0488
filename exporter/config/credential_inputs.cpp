#include "config/credential_inputs.h"

#include "config/environment.h"
#include "config/key_shape.h"

#include <fmt/format.h>

#include <utility>

namespace exporter::config {
namespace {

/// What a message calls one of the three, and where it can be given.
struct KeyNames {
    std::string_view title;
    std::string_view variable;
    std::string_view flag;
    std::string_view yaml_key;
};

constexpr KeyNames api_key_names = {"API key", "DD_API_KEY", "--datadog.api-key-file", "api_key_file"};
constexpr KeyNames app_key_names = {"application key", "DD_APP_KEY", "--datadog.app-key-file",
                                    "app_key_file"};
constexpr KeyNames bearer_names = {"bearer token", "DD_BEARER_TOKEN", "--datadog.bearer-token-file",
                                   "bearer_token_file"};

struct Key {
    std::string place;  ///< empty: not given
    std::optional<SecretSource> source;
    std::optional<Secret> value;  ///< nullopt although given: it could not be read

    [[nodiscard]] bool is_given() const { return !place.empty(); }
};

class KeyReader {
  public:
    KeyReader(const CredentialInputs& inputs, MistakeLines& mistakes)
        : inputs_(inputs), mistakes_(mistakes) {}

    [[nodiscard]] Key read(const KeyNames& names, const std::optional<Setting>& file) {
        const bool has_file = file && !file->values.empty() && !file->values.front().empty();
        auto text =
            inputs_.environment == nullptr ? std::nullopt : variable(*inputs_.environment, names.variable);
        if (has_file && text) {
            mistakes_.push_back(fmt::format("{}: the {} is given by {} as well; keep one of them",
                                            file->place, names.title, names.variable));
        }
        if (has_file) {
            return read_file(*file);
        }
        return text ? read_variable(names, *std::move(text)) : Key{};
    }

  private:
    [[nodiscard]] Key read_file(const Setting& setting) {
        std::filesystem::path path = setting.values.front();
        if (setting.source == Source::file && path.is_relative()) {
            path = inputs_.directory / path;
        }
        auto secret = read_secret_file(path, inputs_.world_readable);
        if (!secret) {
            mistakes_.push_back(fmt::format("{}: {}", setting.place, secret.error()));
            return Key{setting.place, std::nullopt, std::nullopt};
        }
        return Key{setting.place, std::move(path), *std::move(secret)};
    }

    [[nodiscard]] Key read_variable(const KeyNames& names, std::string text) {
        const std::string place(names.variable);
        auto secret = parse_secret(std::move(text), place);
        if (!secret) {
            mistakes_.push_back(std::move(secret.error()));
            return Key{place, std::nullopt, std::nullopt};
        }
        return Key{place, *secret, *secret};
    }

    const CredentialInputs& inputs_;
    MistakeLines& mistakes_;
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

}  // namespace

CredentialSources read_credential_sources(const CredentialInputs& inputs, MistakeLines& mistakes) {
    KeyReader reader(inputs, mistakes);
    Key api = reader.read(api_key_names, inputs.api_key_file);
    Key app = reader.read(app_key_names, inputs.app_key_file);
    Key bearer = reader.read(bearer_names, inputs.bearer_token_file);
    if (auto fault = fault_of(inputs, api, app, bearer)) {
        mistakes.push_back(*std::move(fault));
    }
    return CredentialSources{std::move(api.source), std::move(app.source), std::move(bearer.source),
                             inputs.world_readable};
}

}  // namespace exporter::config
