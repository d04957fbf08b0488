// Reads and checks organizations and their credentials, and decides which of them this replica polls.
#include "base/address.h"
#include "base/text.h"
#include "config/options.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace exporter::config {
namespace {

constexpr std::size_t longest_name = 64;

/// `DD_SITE` is meant for other programs too, so it does not conflict with other settings.
bool is_ambient(const base::Setting* setting) {
    return setting != nullptr && setting->place == "DD_SITE";
}

/// Whether it consists of letters, digits, `_`, `.` and `-`.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return base::is_word_character(c) || c == '.' || c == '-'; });
}

void read_site(OrganizationDraft& organization, Given& given) {
    auto site = parse_site(organization.site);
    if (!site) {
        given.mistake("datadog.site", "{}", site.error());
        return;
    }
    organization.site = *std::move(site);
    organization.endpoint = endpoint_of(organization.site);
    if (!is_known_site(organization.site)) {
        given.warn("datadog.site", "{} is not a Datadog site known to this version; requests go to {}",
                   base::quote(organization.site), organization.endpoint.url());
    }
}

void read_base_url(OrganizationDraft& organization, Given& given, bool allow_insecure_http) {
    constexpr std::string_view flag = "datadog.base-url";
    const auto endpoint = parse_base_url(organization.base_url);
    if (!endpoint) {
        given.mistake(flag, "{}", endpoint.error());
        return;
    }
    const bool is_exposed = !endpoint->tls && !base::is_loopback(endpoint->host);
    if (is_exposed && !allow_insecure_http) {
        given.mistake(flag,
                      "{} would send the credentials unencrypted; write https://, or allow it with "
                      "--datadog.allow-insecure-http",
                      base::quote(organization.base_url));
        return;
    }
    organization.site = endpoint->host;
    organization.endpoint = *endpoint;
    if (const std::string doubt = doubt_about_base_url(*endpoint); !doubt.empty()) {
        given.warn(flag, "{}", doubt);
    }
    if (is_exposed) {
        given.warn(flag, "the credentials are sent unencrypted to {}", endpoint->url());
    }
}

void read_endpoint(Given& given, const Environment& environment, Draft& draft) {
    OrganizationDraft& organization = draft.organization;
    const base::Setting* const site = given.find("datadog.site");
    if (organization.base_url.empty()) {
        read_site(organization, given);
    } else if (site != nullptr && !is_ambient(site)) {
        given.mistake("datadog.base-url", "{} is given as well; keep one of them", site->place);
    } else {
        read_base_url(organization, given, draft.allow_insecure_http);
    }
    if (organization.endpoint.host.empty()) {
        return;
    }
    auto proxy = proxy_for(organization.endpoint, environment);
    if (proxy) {
        organization.proxy = *std::move(proxy);
    } else {
        add_once(draft.mistakes, std::move(proxy.error()));
    }
}

struct Key {
    std::string place;                  ///< empty: not given
    std::optional<base::Secret> value;  ///< nullopt although given: unreadable or invalid

    [[nodiscard]] bool is_given() const { return !place.empty(); }
};

/// @param in_variable the secret itself if it is in the environment; moved, so that no copy remains
Key read_key(const KeyRow& row, std::string in_variable, Given& given, Draft& draft) {
    CredentialSources& sources = draft.organization.credentials;
    std::optional<SecretSource>& source = sources.*row.source;
    if (!source && in_variable.empty()) {
        return {};
    }
    Key key{source ? given.place(row.flag) : std::string(row.variable), std::nullopt};
    if (source && !in_variable.empty()) {
        given.mistake(row.flag, "the {} is given by {} as well; keep one of them", row.title, row.variable);
    }
    auto secret =
        source ? read_secret_file(row.kind, std::get<std::filesystem::path>(*source), sources.world_readable)
               : parse_secret(row.kind, std::move(in_variable));
    if (!secret) {
        draft.mistakes.push_back(fmt::format("{}: {}", key.place, secret.error()));
        return key;
    }
    if (const std::string_view doubt = doubt_about_key(row.kind, secret->expose()); !doubt.empty()) {
        draft.warnings.push_back(fmt::format("{}: {}", key.place, doubt));
    }
    if (!source) {
        source = *secret;
    }
    key.value = *std::move(secret);
    return key;
}

/// Whether a request can authenticate with these. Unreadable secrets are assumed to be right.
bool go_together(const Key& api, const Key& app, const Key& bearer) {
    if (bearer.is_given()) {
        return !api.is_given() && !app.is_given();
    }
    if (app.is_given()) {
        return api.is_given() || !app.value || looks_like_access_token(app.value->expose());
    }
    return !api.value;
}

/// Reads every secret once, to check that it is readable and plausible.
///
/// @param variables source of the `DD_*` variables; nullptr: they don't apply to this organization
void read_credentials(Given& given, const Environment* variables, bool are_needed, Draft& draft) {
    std::array<Key, key_rows.size()> keys;
    std::vector<std::string> titles;
    std::string place = draft.organization.place;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const KeyRow& row = key_rows.at(i);
        keys.at(i) =
            read_key(row, variables == nullptr ? "" : variable(*variables, row.variable), given, draft);
        if (keys.at(i).is_given()) {
            place = titles.empty() ? keys.at(i).place : place;
            titles.emplace_back(row.title);
        }
    }
    const auto& [api, app, bearer] = keys;
    if (titles.empty() ? are_needed : !go_together(api, app, bearer)) {
        draft.mistakes.push_back(fmt::format(
            "{}: {}; a request needs an API key and an application key, or an access token (ddpat_… or "
            "ddsat_…) alone: give {}",
            place, titles.empty() ? "no credentials" : "the credentials given are: " + base::join(titles),
            variables == nullptr
                ? "api_key_file and app_key_file, or bearer_token_file"
                : "DD_API_KEY and DD_APP_KEY, or DD_BEARER_TOKEN, or --datadog.api-key-file and "
                  "--datadog.app-key-file, or --datadog.bearer-token-file; --demo needs none"));
    }
    if (const std::string fault = fault_between(draft.organization.credentials); !fault.empty()) {
        draft.mistakes.push_back(fmt::format("{}: {}", app.place, fault));
    }
}

/// The API's ids are UUIDs, but that may change.
void check_owners(Given& given, const std::vector<std::string>& owners) {
    for (const std::string& owner : owners) {
        if (!is_plain(owner) || !slip_in(owner).empty()) {
            given.warn("tokens.owned-by",
                       "{} does not look like an owner id; the API's ids look like "
                       "00000000-0000-0000-2345-000000000000",
                       base::quote(owner));
        }
    }
}

/// Places outside the file's list where a setting of a single organization was given: variables, flags, keys.
std::vector<std::string> places_about_one(const Given& given, const Environment& environment) {
    std::vector<std::string> places;
    for (const KeyRow& row : key_rows) {
        if (!variable(environment, row.variable).empty()) {
            places.emplace_back(row.variable);
        }
    }
    for (const Option& option : options()) {
        const base::Setting* const setting = given.find(option.flag);
        if (option.member.of_organization && setting != nullptr && !is_ambient(setting)) {
            places.push_back(setting->place);
        }
    }
    return places;
}

/// @param places the names read so far, with their places
void read_name(const Given& given, Draft& draft, std::map<std::string, std::string>& places) {
    OrganizationDraft& entry = draft.organization;
    const base::Setting* const setting = given.find("name");
    const std::string place = setting == nullptr ? entry.place : setting->place;
    entry.name = setting == nullptr ? "" : setting->values.front();
    if (entry.name.empty() || entry.name.size() > longest_name || !is_plain(entry.name)) {
        draft.mistakes.push_back(
            fmt::format("{}: {} is not a valid name; set name: to 1 to {} letters, digits and _ . -, which "
                        "become the org label",
                        place, base::quote(entry.name), longest_name));
    } else if (const auto [first, is_new] = places.emplace(entry.name, place); !is_new) {
        draft.mistakes.push_back(fmt::format("{}: {} is also the name of another organization ({})", place,
                                             base::quote(entry.name), first->second));
    }
}

// Decides which replica polls which organization, if several replicas share them: each organization has
// exactly one owner, all replicas agree on it without communication, and an additional replica takes over
// only its own share.
//
// Rendezvous hashing ("highest random weight"): each shard computes a number for a name, and the highest
// wins. An additional shard takes some names from each of the others and moves none between them.

/// FNV-1a of 64 bits, http://www.isthe.com/chongo/tech/comp/fnv/. std::hash may differ from build to build.
std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 14'695'981'039'346'656'037U;
    for (const char c : text) {
        value = (value ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    }
    return value;
}

/// The finalizer of SplitMix64, https://prng.di.unimi.it/splitmix64.c: any change in the input changes about
/// half of the output's bits. FNV-1a alone does not achieve that for names that differ only in their last
/// letter.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return value ^ (value >> 31U);
}

/// Never the same for two shards: both steps are one-to-one.
std::uint64_t weight(std::uint64_t hash_of_name, std::size_t shard) {
    constexpr std::uint64_t step = 0x9E37'79B9'7F4A'7C15U;  // SplitMix64's, 2^64 over the golden ratio
    return mixed(hash_of_name ^ mixed((shard + 1) * step));
}

}  // namespace

void read_organizations(Given& given, const Environment& environment, Draft& draft) {
    if (draft.demo.enabled) {
        std::vector<std::string> unused = places_about_one(given, environment);
        draft.entries.clear();
        if (draft.lists_organizations) {
            unused.emplace_back("the file's organizations");
        }
        if (!unused.empty()) {
            given.warn("demo", "polling a simulated organization; not used: {}", base::join(unused));
        }
        return;
    }
    if (draft.lists_organizations) {
        for (const std::string& place : places_about_one(given, environment)) {
            draft.mistakes.push_back(
                fmt::format("{}: the configuration file lists organizations; remove this and set it in the "
                            "entry of the organization it is for, a secret as the path of its file",
                            place));
        }
    } else {
        draft.entries.resize(1);
        draft.entries.front().place = "command line";
        draft.entries.front().settings = given.settings();
    }
    const base::Setting* const site = given.find("datadog.site");
    const bool credentials_needed =
        draft.lists_organizations || (draft.mode != Mode::config_check && draft.mode != Mode::probe);
    std::map<std::string, std::string> names;
    for (OrganizationDraft& entry : draft.entries) {
        if (is_ambient(site)) {
            entry.settings.emplace("datadog.site", *site);
        }
        draft.organization = entry;
        draft.organization.credentials.world_readable = draft.web.world_readable;
        Given of_entry(draft.organization.settings, draft);
        if (draft.lists_organizations) {
            read_name(of_entry, draft, names);
        }
        read_rows(of_entry, draft, true);
        read_endpoint(of_entry, environment, draft);
        read_credentials(of_entry, draft.lists_organizations ? nullptr : &environment, credentials_needed,
                         draft);
        check_owners(of_entry, draft.organization.owned_by);
        entry = draft.organization;
    }
}

std::size_t shard_of(std::string_view organization, std::size_t count) {
    const std::uint64_t hash_of_name = hash(organization);
    std::size_t owner = 0;
    for (std::size_t shard = 1; shard < count; ++shard) {
        if (weight(hash_of_name, shard) > weight(hash_of_name, owner)) {
            owner = shard;
        }
    }
    return owner;
}

std::vector<Organization> organizations_of(const Shard& shard, std::vector<Organization> organizations) {
    std::erase_if(organizations, [&](const Organization& organization) {
        return shard_of(organization.name, shard.count) != shard.index;
    });
    return organizations;
}

bool same_credential_files(const CredentialSources& left, const CredentialSources& right) {
    const auto file_of = [](const std::optional<SecretSource>& source) {
        const auto* const path = source ? std::get_if<std::filesystem::path>(&*source) : nullptr;
        return path != nullptr ? *path : std::filesystem::path();
    };
    return left.world_readable == right.world_readable &&
           std::ranges::all_of(key_rows, [&](const KeyRow& row) {
               return file_of(left.*row.source) == file_of(right.*row.source);
           });
}

bool same_shared_settings(const Config& left, const Config& right) {
    return left.poll == right.poll && left.buckets == right.buckets && left.scopes == right.scopes &&
           left.policy == right.policy && left.tokens == right.tokens;
}

std::string share_in_words(const Config& config) {
    if (config.shard.count == 1) {
        return {};
    }
    return fmt::format("polls {} of {} organization{} (shard {} of {})", config.organizations.size(),
                       config.organizations_configured, config.organizations_configured == 1 ? "" : "s",
                       config.shard.index, config.shard.count);
}

}  // namespace exporter::config
