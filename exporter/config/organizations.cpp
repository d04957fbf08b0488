// Organizations and their credentials, out of what was written: each value by itself, and all together.
#include "base/address.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/key_shape.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t longest_name = 64;

/// One of the three credentials: what a message calls it, and where it can be given.
struct KeyRow {
    KeyKind kind;
    std::string_view title;
    std::string_view variable;
    std::string_view flag;
    std::string_view yaml_key;
    std::filesystem::path OrganizationDraft::* file;
    std::optional<SecretSource> CredentialSources::* source;
};

constexpr std::array<KeyRow, 3> key_rows = {{
    {KeyKind::api_key, "API key", "DD_API_KEY", "datadog.api-key-file", "api_key_file",
     &OrganizationDraft::api_key_file, &CredentialSources::api_key},
    {KeyKind::app_key, "application key", "DD_APP_KEY", "datadog.app-key-file", "app_key_file",
     &OrganizationDraft::app_key_file, &CredentialSources::app_key},
    {KeyKind::bearer_token, "bearer token", "DD_BEARER_TOKEN", "datadog.bearer-token-file",
     "bearer_token_file", &OrganizationDraft::bearer_token_file, &CredentialSources::bearer_token},
}};

/// `DD_SITE` is there for other programs too: it does not contradict what is said to this one.
bool is_ambient(const base::Setting* setting) {
    return setting != nullptr && setting->place == "DD_SITE";
}

bool is_valid_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && std::all_of(name.begin(), name.end(), [](char c) {
        return base::is_word_character(c) || c == '.' || c == '-';
    });
}

/// Why the text is hardly an owner's id, or empty. The API's ids are UUIDs, but others may come.
std::string_view fault_in_owner(std::string_view owner) {
    if (const std::string_view slip = slip_in(owner); !slip.empty()) {
        return slip;
    }
    if (owner.find('@') != std::string_view::npos) {
        return "is an e-mail address";
    }
    return std::any_of(owner.begin(), owner.end(), base::is_blank) ? "has a blank in it" : "";
}

struct Key {
    std::string place;                  ///< empty: not given
    std::optional<base::Secret> value;  ///< nullopt although given: it could not be read, or can't be one

    [[nodiscard]] bool is_given() const { return !place.empty(); }
};

/// Makes one organization of a draft.
class Reader {
  public:
    /// @param environment where `DD_*` are read from; nullptr: they don't count for this organization
    /// @param proxies where the proxy variables are read from
    Reader(const OrganizationDraft& draft, Given& given, const Environment* environment)
        : draft_(draft), given_(given), environment_(environment) {}

    [[nodiscard]] Organization read(const Draft& options, const Environment& proxies,
                                    bool credentials_needed) {
        read_endpoint(options.allow_insecure_http);
        read_proxy(proxies);
        organization_.name = draft_.name;
        organization_.filter = draft_.filter;
        organization_.owned_by = draft_.owned_by;
        organization_.credentials.world_readable = options.web.world_readable;
        read_credentials(credentials_needed);
        for (const std::string& owner : draft_.owned_by) {
            if (const std::string_view fault = fault_in_owner(owner); !fault.empty()) {
                given_.warn("tokens.owned-by",
                            fmt::format("{} {}; the API knows owners by their ids, such as "
                                        "00000000-0000-0000-2345-000000000000",
                                        base::quote(owner), fault));
            }
        }
        return std::move(organization_);
    }

  private:
    void read_endpoint(bool allow_insecure_http) {
        const base::Setting* const site = given_.find("datadog.site");
        if (draft_.base_url.empty()) {
            read_site();
        } else if (site != nullptr && !is_ambient(site)) {
            given_.mistake("datadog.base-url",
                           fmt::format("{} is given as well; keep one of them", site->place));
        } else {
            read_base_url(allow_insecure_http);
        }
    }

    void read_site() {
        const auto site = parse_site(draft_.site);
        if (!site) {
            given_.mistake("datadog.site", site.error());
            return;
        }
        organization_.site = site->name;
        organization_.endpoint = endpoint_of(*site);
        if (!site->known) {
            given_.warn("datadog.site",
                        fmt::format("{} is not a Datadog site that this version knows; requests go to {}",
                                    base::quote(site->name), organization_.endpoint.url()));
        }
    }

    void read_base_url(bool allow_insecure_http) {
        const auto endpoint = parse_base_url(draft_.base_url);
        if (!endpoint) {
            given_.mistake("datadog.base-url", endpoint.error());
            return;
        }
        const bool is_exposed = !endpoint->tls && !base::is_loopback(endpoint->host);
        if (is_exposed && !allow_insecure_http) {
            given_.mistake(
                "datadog.base-url",
                fmt::format("{} would send the credentials unencrypted; write https://, or allow it "
                            "with --datadog.allow-insecure-http",
                            base::quote(draft_.base_url)));
            return;
        }
        organization_.site = endpoint->host;
        organization_.endpoint = *endpoint;
        if (const std::string doubt = doubt_about_base_url(*endpoint); !doubt.empty()) {
            given_.warn("datadog.base-url", doubt);
        }
        if (is_exposed) {
            given_.warn("datadog.base-url",
                        fmt::format("the credentials travel unencrypted to {}", endpoint->url()));
        }
    }

    void read_proxy(const Environment& proxies) {
        if (organization_.endpoint.host.empty()) {
            return;
        }
        auto proxy = proxy_for(organization_.endpoint, proxies);
        if (proxy) {
            organization_.proxy = *std::move(proxy);
        } else {
            add_once(given_.findings().mistakes, std::move(proxy.error()));
        }
    }

    /// Reads every secret once, to see that it can be read and be what it is given as.
    void read_credentials(bool are_needed) {
        const Key api = read_key(key_rows[0]);
        const Key app = read_key(key_rows[1]);
        const Key bearer = read_key(key_rows[2]);
        std::vector<std::string>& mistakes = given_.findings().mistakes;
        if (api.is_given() || app.is_given() || bearer.is_given()) {
            if (std::string fault = fault_of(api, app, bearer); !fault.empty()) {
                mistakes.push_back(std::move(fault));
            }
        } else if (are_needed) {
            mistakes.push_back(fmt::format("{}: no credentials; {}", draft_.place, ways_to_give_all()));
        }
        if (const std::string fault = fault_between(organization_.credentials); !fault.empty()) {
            mistakes.push_back(fmt::format("{}: {}", app.place, fault));
        } else {
            warn_of_doubts(api, app, bearer);
        }
    }

    [[nodiscard]] Key read_key(const KeyRow& row) {
        const std::filesystem::path& path = draft_.*row.file;
        auto text = environment_ == nullptr ? std::nullopt : variable(*environment_, row.variable);
        if (path.empty() && !text) {
            return {};
        }
        if (!path.empty() && text) {
            given_.mistake(row.flag, fmt::format("the {} is given by {} as well; keep one of them", row.title,
                                                 row.variable));
        }
        Key key{path.empty() ? std::string(row.variable) : given_.place(row.flag), std::nullopt};
        auto secret = path.empty()
                          ? parse_secret(row.kind, *std::move(text), key.place)
                          : read_secret_file(row.kind, path, organization_.credentials.world_readable);
        if (!secret) {
            given_.findings().mistakes.push_back(
                path.empty() ? secret.error() : fmt::format("{}: {}", key.place, secret.error()));
            return key;
        }
        organization_.credentials.*row.source = path.empty() ? SecretSource(*secret) : SecretSource(path);
        key.value = *std::move(secret);
        return key;
    }

    /// `DD_API_KEY or --datadog.api-key-file`; below `organizations` only the file counts.
    [[nodiscard]] std::string ways_to_give(const KeyRow& row) const {
        return environment_ == nullptr ? std::string(row.yaml_key)
                                       : fmt::format("{} or --{}", row.variable, row.flag);
    }

    [[nodiscard]] std::string_view ways_to_give_all() const {
        return environment_ == nullptr
                   ? "give api_key_file and app_key_file, or bearer_token_file"
                   : "set DD_API_KEY and DD_APP_KEY, or DD_BEARER_TOKEN, or name their files with "
                     "--datadog.api-key-file and --datadog.app-key-file, or --datadog.bearer-token-file; "
                     "--demo "
                     "needs none";
    }

    /// What is wrong with the keys taken together, or empty.
    [[nodiscard]] std::string fault_of(const Key& api, const Key& app, const Key& bearer) const {
        if (bearer.is_given()) {
            const Key& other = app.is_given() ? app : api;
            return other.is_given()
                       ? fmt::format(
                             "{}: {} is given as well; a request authenticates either with a bearer token "
                             "or with keys: keep one of them",
                             bearer.place, other.place)
                       : "";
        }
        if (!app.is_given()) {
            // What can't be read may be no API key at all.
            return api.value ? fmt::format(
                                   "{}: an API key alone can't read tokens; the application key is "
                                   "missing: give {}",
                                   api.place, ways_to_give(key_rows[1]))
                             : "";
        }
        const bool is_alone = !api.is_given() && app.value && !looks_like_access_token(app.value->expose());
        return is_alone ? fmt::format(
                              "{}: an application key needs an API key beside it: give {}; only an access "
                              "token (ddpat_… or ddsat_…) goes without",
                              app.place, ways_to_give(key_rows[0]))
                        : "";
    }

    /// What may be wrong with keys that can all be right.
    void warn_of_doubts(const Key& api, const Key& app, const Key& bearer) {
        const auto doubt_about = [](KeyKind kind, const Key& key) {
            return key.value ? doubt_about_key(kind, key.value->expose()) : std::string_view{};
        };
        std::vector<std::string>& warnings = given_.findings().warnings;
        if (api.value && app.value && api.value->expose() == app.value->expose()) {
            warnings.push_back(
                fmt::format("{}: is the same as {}; one of the two is wrong", app.place, api.place));
            return;
        }
        const std::string_view about_api = doubt_about(KeyKind::api_key, api);
        const std::string_view about_app = doubt_about(KeyKind::app_key, app);
        if (!about_api.empty() && !about_app.empty()) {
            warnings.push_back(
                fmt::format("{}: this and {} seem to be swapped: this has 40 hexadecimal digits, as "
                            "application keys have, "
                            "the other 32, as API keys have",
                            api.place, app.place));
            return;
        }
        for (const auto& [key, doubt] : {std::pair(&api, about_api), std::pair(&app, about_app),
                                         std::pair(&bearer, doubt_about(KeyKind::bearer_token, bearer))}) {
            if (!doubt.empty()) {
                warnings.push_back(fmt::format("{}: {}", key->place, doubt));
            }
        }
    }

    const OrganizationDraft& draft_;
    Given& given_;
    const Environment* const environment_;
    Organization organization_;
};

/// What was given beside a file that lists organizations, though it is about one.
void refuse_beside_entries(Given& given, const Environment& environment) {
    for (const Option& option : options()) {
        const base::Setting* const setting = given.find(option.flag);
        if (!option.organization_key.empty() && setting != nullptr && !is_ambient(setting)) {
            given.mistake(
                option.flag,
                fmt::format("the configuration file lists organizations; write {} below the one that "
                            "is meant",
                            option.organization_key));
        }
    }
    for (const KeyRow& row : key_rows) {
        if (variable(environment, row.variable)) {
            given.findings().mistakes.push_back(fmt::format(
                "{}: the configuration file lists organizations, each with its own credentials; unset the "
                "variable, or take organizations out of the file",
                row.variable));
        }
    }
}

/// @param places of the names before, by name
void read_name(OrganizationDraft& entry, Given& given, std::map<std::string, std::string>& places) {
    const base::Setting* const setting = given.find("name");
    entry.name = setting == nullptr ? "" : setting->values.front();
    if (entry.name.empty()) {
        given.findings().mistakes.push_back(fmt::format(
            "{}: has no name; write name: and what its metrics' org label shall be", entry.place));
    } else if (!is_valid_name(entry.name)) {
        given.mistake("name", fmt::format("{} is not a name; 1 to 64 letters, digits, and _ . - make one",
                                          base::quote(entry.name)));
    } else if (const auto [first, is_new] = places.emplace(entry.name, setting->place); !is_new) {
        given.mistake("name", fmt::format("{} is the name of another organization too ({})",
                                          base::quote(entry.name), first->second));
    }
}

void read_entries(Given& given, const Environment& environment, Draft& draft) {
    std::map<std::string, std::string> places;
    const base::Setting* const site = given.find("datadog.site");
    for (OrganizationDraft& entry : *draft.entries) {
        if (is_ambient(site)) {
            entry.settings.emplace("datadog.site", *site);
        }
        draft.organization = entry;
        Given of_entry(entry.settings, given.findings());
        read_name(draft.organization, of_entry, places);
        read_organization_options(of_entry, draft);
        draft.organizations.push_back(
            Reader(draft.organization, of_entry, nullptr).read(draft, environment, true));
        entry = draft.organization;
    }
}

/// What a simulated organization leaves unused: variables, flags, keys of the file.
std::vector<std::string> given_credentials(const Given& given, const Environment& environment,
                                           const Draft& draft) {
    std::vector<std::string> variables;
    std::vector<std::string> places;
    for (const KeyRow& row : key_rows) {
        if (variable(environment, row.variable)) {
            variables.emplace_back(row.variable);
        }
        if (given.find(row.flag) != nullptr) {
            places.push_back(given.place(row.flag));
        }
    }
    variables.insert(variables.end(), places.begin(), places.end());
    if (draft.entries) {
        variables.emplace_back("the file's organizations");
    }
    return variables;
}

}  // namespace

void read_organizations(Given& given, const Environment& environment, Draft& draft) {
    if (draft.demo.enabled) {
        if (const auto unused = given_credentials(given, environment, draft); !unused.empty()) {
            given.warn("demo",
                       fmt::format("a simulated organization is polled; not used: {}", base::join(unused)));
        }
    } else if (draft.entries) {
        refuse_beside_entries(given, environment);
        read_entries(given, environment, draft);
    } else {
        draft.organization.place = "command line";
        read_organization_options(given, draft);
        const bool credentials_needed = draft.mode != Mode::config_check && draft.mode != Mode::probe;
        draft.organizations = {
            Reader(draft.organization, given, &environment).read(draft, environment, credentials_needed)};
    }
}

}  // namespace exporter::config
