#include "config/organizations.h"

#include "base/address.h"
#include "base/text.h"
#include "config/credential_inputs.h"
#include "config/environment.h"
#include "config/key_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t longest_organization_name = 64;

/// Options that say something about one organization, and the key of the same meaning below `organizations`.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> organization_options = {{
    {"datadog.site", "site"},
    {"datadog.base-url", "base_url"},
    {"datadog.api-key-file", "api_key_file"},
    {"datadog.app-key-file", "app_key_file"},
    {"datadog.bearer-token-file", "bearer_token_file"},
    {"tokens.filter", "filter"},
    {"tokens.owned-by", "owned_by"},
}};

constexpr std::array<std::string_view, 3> secret_variables = {"DD_API_KEY", "DD_APP_KEY", "DD_BEARER_TOKEN"};
constexpr std::array<std::string_view, 3> secret_file_flags = {"datadog.api-key-file", "datadog.app-key-file",
                                                               "datadog.bearer-token-file"};

bool is_valid_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_organization_name &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return base::is_word_character(c) || c == '.' || c == '-'; });
}

std::optional<base::Setting> find_setting(const base::Settings& settings, std::string_view key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
}

/// nullopt also for an empty text, which takes back what a source of lower rank gave.
std::optional<base::Setting> find_text(const base::Settings& settings, std::string_view key) {
    std::optional<base::Setting> setting = find_setting(settings, key);
    return setting && !setting->values.empty() && !setting->values.front().empty() ? setting : std::nullopt;
}

/// `DD_SITE` is there for other programs too: it does not contradict what is said to this one.
bool is_ambient(const base::Setting& setting) {
    return setting.place == "DD_SITE";
}

/// Why the text is hardly an owner's id, or empty. The API's ids are UUIDs, but others may come.
std::string_view fault_in_owner(std::string_view owner) {
    if (const std::string_view slip = slip_in(owner); !slip.empty()) {
        return slip;
    }
    if (owner.find('@') != std::string_view::npos) {
        return "is an e-mail address";
    }
    return owner.find_first_of(" \t") == std::string_view::npos ? "" : "has a blank in it";
}

/// Builds organizations from settings that go by the keys of `organizations`.
class Builder {
  public:
    Builder(const OrganizationInputs& inputs, base::MistakeLines& mistakes,
            std::vector<std::string>& warnings)
        : allow_insecure_http_(inputs.values.toggle("datadog.allow-insecure-http")),
          world_readable_secrets_(inputs.values.toggle("datadog.allow-world-readable-secrets")
                                      ? base::WorldReadable::allowed
                                      : base::WorldReadable::refused),
          proxies_(proxy_variables(inputs.environment)),
          mistakes_(mistakes),
          warnings_(warnings) {}

    [[nodiscard]] Organization build(const base::Settings& settings, CredentialInputs credentials) {
        Organization organization;
        credentials.world_readable = world_readable_secrets_;
        read_endpoint(organization, settings);
        read_proxy(organization);
        organization.credentials = read_credential_sources(credentials, mistakes_, warnings_);
        if (const auto filter = find_text(settings, "filter")) {
            organization.filter = filter->values.front();
        }
        if (const auto owners = find_setting(settings, "owned_by")) {
            organization.owned_by = list_items(*owners, mistakes_);
            warn_of_strange_owners(owners->place, organization.owned_by);
        }
        return organization;
    }

  private:
    void read_endpoint(Organization& organization, const base::Settings& settings) {
        const auto site = find_setting(settings, "site");
        const auto base_url = find_text(settings, "base_url");
        if (!base_url) {
            read_site(organization, site.value_or(base::Setting{
                                        base::Source::command_line, "--datadog.site", {"datadoghq.com"}}));
        } else if (site && !is_ambient(*site)) {
            mistake(base_url->place, fmt::format("{} is given as well; keep one of them", site->place));
        } else {
            read_base_url(organization, *base_url);
        }
    }

    void read_site(Organization& organization, const base::Setting& setting) {
        const auto site = parse_site(setting.values.front());
        if (!site) {
            mistake(setting.place, site.error());
            return;
        }
        organization.site = site->name;
        organization.endpoint = endpoint_of(*site);
        if (!site->known) {
            warn(setting.place,
                 fmt::format("{} is not a Datadog site that this version knows; requests go to {}",
                             base::quote(site->name), organization.endpoint.url()));
        }
    }

    void read_base_url(Organization& organization, const base::Setting& setting) {
        const auto endpoint = parse_base_url(setting.values.front(), allow_insecure_http_);
        if (!endpoint) {
            mistake(setting.place, endpoint.error());
            return;
        }
        organization.site = endpoint->host;
        organization.endpoint = *endpoint;
        if (const std::string doubt = doubt_about_base_url(*endpoint); !doubt.empty()) {
            warn(setting.place, doubt);
        }
        if (!endpoint->tls && !base::is_loopback(endpoint->host)) {
            warn(setting.place, fmt::format("the credentials travel unencrypted to {}", endpoint->url()));
        }
    }

    void warn_of_strange_owners(std::string_view place, const std::vector<std::string>& owners) {
        for (const std::string& owner : owners) {
            if (const std::string_view fault = fault_in_owner(owner); !fault.empty()) {
                warn(place, fmt::format("{} {}; the API knows owners by their ids, such as "
                                        "00000000-0000-0000-2345-000000000000",
                                        base::quote(owner), fault));
            }
        }
    }

    void read_proxy(Organization& organization) {
        if (organization.endpoint.host.empty()) {
            return;
        }
        auto proxy = proxy_for(organization.endpoint, proxies_);
        if (proxy) {
            organization.proxy = *std::move(proxy);
        } else if (std::find(mistakes_.begin(), mistakes_.end(), proxy.error()) == mistakes_.end()) {
            mistakes_.push_back(proxy.error());
        }
    }

    void mistake(std::string_view place, std::string_view what) {
        mistakes_.push_back(fmt::format("{}: {}", place, what));
    }

    void warn(std::string_view place, std::string_view what) {
        std::string line = fmt::format("{}: {}", place, what);
        if (std::find(warnings_.begin(), warnings_.end(), line) == warnings_.end()) {
            warnings_.push_back(std::move(line));
        }
    }

    const bool allow_insecure_http_;
    const base::WorldReadable world_readable_secrets_;
    const ProxyVariables proxies_;
    base::MistakeLines& mistakes_;
    std::vector<std::string>& warnings_;
};

/// Options and variables that say something about one organization contradict a file that lists its own.
void refuse_beside_organizations(const OrganizationInputs& inputs, base::MistakeLines& mistakes) {
    for (const auto& [flag, key] : organization_options) {
        const base::Setting* setting = inputs.values.given(flag);
        if (setting != nullptr && !is_ambient(*setting)) {
            mistakes.push_back(fmt::format(
                "{}: the configuration file lists organizations; write {} below the one that is meant",
                setting->place, key));
        }
    }
    for (const std::string_view name : secret_variables) {
        if (variable(inputs.environment, name)) {
            mistakes.push_back(fmt::format(
                "{}: the configuration file lists organizations, each with its own credentials; unset the "
                "variable, or take organizations out of the file",
                name));
        }
    }
}

/// The name, or an empty text and a mistake.
std::string read_name(const OrganizationEntry& entry, std::map<std::string, std::string>& places,
                      base::MistakeLines& mistakes) {
    const auto setting = find_text(entry.settings, "name");
    if (!setting) {
        mistakes.push_back(fmt::format(
            "{}: has no name; write name: and what its metrics' org label shall be", entry.place));
        return {};
    }
    const std::string& name = setting->values.front();
    if (!is_valid_name(name)) {
        mistakes.push_back(fmt::format("{}: {} is not a name; 1 to 64 letters, digits, and _ . - make one",
                                       setting->place, base::quote(name)));
    } else if (const auto [first, is_new] = places.emplace(name, setting->place); !is_new) {
        mistakes.push_back(fmt::format("{}: {} is the name of another organization too ({})", setting->place,
                                       base::quote(name), first->second));
    }
    return name;
}

std::vector<Organization> organizations_of_file(const OrganizationInputs& inputs, Builder& builder,
                                                base::MistakeLines& mistakes) {
    std::vector<Organization> organizations;
    std::map<std::string, std::string> places;
    const base::Setting* default_site = inputs.values.given("datadog.site");
    for (const OrganizationEntry& entry : *inputs.file.organizations) {
        std::string name = read_name(entry, places, mistakes);
        base::Settings settings = entry.settings;
        if (default_site != nullptr && is_ambient(*default_site)) {
            settings.emplace("site", *default_site);
        }
        CredentialInputs credentials;
        credentials.place = entry.place;
        credentials.directory = inputs.file.directory;
        credentials.api_key_file = find_text(settings, "api_key_file");
        credentials.app_key_file = find_text(settings, "app_key_file");
        credentials.bearer_token_file = find_text(settings, "bearer_token_file");
        organizations.push_back(builder.build(settings, credentials));
        organizations.back().name = std::move(name);
    }
    return organizations;
}

Organization organization_of_options(const OrganizationInputs& inputs, Builder& builder,
                                     bool credentials_needed) {
    base::Settings settings;
    for (const auto& [flag, key] : organization_options) {
        if (const base::Setting* setting = inputs.values.given(flag)) {
            settings.emplace(key, *setting);
        }
    }
    CredentialInputs credentials;
    credentials.place = "command line";
    credentials.directory = inputs.file.directory;
    credentials.environment = &inputs.environment;
    credentials.api_key_file = find_text(settings, "api_key_file");
    credentials.app_key_file = find_text(settings, "app_key_file");
    credentials.bearer_token_file = find_text(settings, "bearer_token_file");
    credentials.needed = credentials_needed;
    return builder.build(settings, credentials);
}

}  // namespace

std::vector<Organization> read_organizations(const OrganizationInputs& inputs, bool credentials_needed,
                                             base::MistakeLines& mistakes,
                                             std::vector<std::string>& warnings) {
    Builder builder(inputs, mistakes, warnings);
    if (!inputs.file.organizations) {
        return {organization_of_options(inputs, builder, credentials_needed)};
    }
    refuse_beside_organizations(inputs, mistakes);
    return organizations_of_file(inputs, builder, mistakes);
}

std::vector<std::string> given_credentials(const OrganizationInputs& inputs) {
    std::vector<std::string> places;
    for (const std::string_view name : secret_variables) {
        if (variable(inputs.environment, name)) {
            places.emplace_back(name);
        }
    }
    for (const std::string_view flag : secret_file_flags) {
        if (const base::Setting* setting = inputs.values.given(flag)) {
            places.push_back(setting->place);
        }
    }
    if (inputs.file.organizations) {
        places.emplace_back("the file's organizations");
    }
    return places;
}

}  // namespace exporter::config
