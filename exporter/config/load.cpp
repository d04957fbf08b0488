#include "config/load.h"

#include "base/regular_file.h"
#include "base/text.h"
#include "base/yaml_reader.h"
#include "config/options.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::string_view own_prefix = "DATADOG_TOKEN_EXPORTER_";
constexpr std::string_view organizations_key = "organizations";

/// Kubernetes sets variables named after every service of the namespace: for a service called
/// `datadog-token-exporter`, it sets DATADOG_TOKEN_EXPORTER_SERVICE_HOST and
/// DATADOG_TOKEN_EXPORTER_PORT_9100_TCP in the exporter's own pod. No option has one of these names.
bool is_made_by_kubernetes(std::string_view tail) {
    const std::string words = fmt::format("_{}_", tail);
    return words.find("_PORT_") != std::string::npos || words.find("_SERVICE_HOST_") != std::string::npos;
}

/// All `DATADOG_TOKEN_EXPORTER_*` variables, and `DD_SITE` with a lower precedence than its own variable.
/// Unknown ones are mistakes, except for those that Kubernetes derives from a service's name.
base::Settings read_environment(const Environment& environment, base::MistakeLines& mistakes) {
    base::Settings settings;
    std::vector<std::string> known_tails;
    for (const Option& option : options()) {
        if (!has_variable(option)) {
            continue;
        }
        const std::string name = environment_variable(option);
        known_tails.push_back(name.substr(own_prefix.size()));
        if (const std::string value = variable(environment, name); !value.empty()) {
            settings[std::string(option.flag)] = base::Setting{base::Source::environment, name, {value}};
        }
    }
    for (auto entry = environment.lower_bound(std::string(own_prefix));
         entry != environment.end() && entry->first.starts_with(own_prefix); ++entry) {
        const std::string tail = entry->first.substr(own_prefix.size());
        const bool is_known = std::find(known_tails.begin(), known_tails.end(), tail) != known_tails.end();
        if (!is_known && !entry->second.empty() && !is_made_by_kubernetes(tail)) {
            mistakes.push_back(fmt::format("{}: no option has this variable{}", entry->first,
                                           base::did_you_mean(tail, known_tails, own_prefix)));
        }
    }
    if (const std::string site = variable(environment, "DD_SITE"); !site.empty()) {
        settings.emplace("datadog.site", base::Setting{base::Source::environment, "DD_SITE", {site}});
    }
    return settings;
}

/// Relative paths in the file are relative to its directory.
void resolve_paths(base::Settings& settings, const std::filesystem::path& directory) {
    for (auto& [flag, setting] : settings) {
        const Option* const option = find_option(flag);
        if (option != nullptr && is_path(*option) && !setting.values.front().empty()) {
            setting.values.front() = (directory / setting.values.front()).string();
        }
    }
}

/// @param of_entries the keys of an entry of `organizations`, by their names there
std::vector<base::YamlKey> yaml_keys(bool of_entries) {
    std::vector<base::YamlKey> keys;
    for (const Option& option : options()) {
        const std::string path = of_entries ? organization_key(option) : yaml_path(option);
        if (has_yaml_key(option) && !path.empty()) {
            keys.push_back({path, std::string(option.flag), is_list(option)});
        }
    }
    if (of_entries) {
        keys.push_back({"name", "name"});
    }
    return keys;
}

OrganizationDraft read_entry(base::YamlReader& reader, const YAML::Node& node, std::size_t index) {
    const std::string name = fmt::format("{}[{}]", organizations_key, index);
    OrganizationDraft entry;
    entry.place = reader.place(node.Mark(), name);
    if (!node.IsMap()) {
        reader.mistake(entry.place, "is not a mapping; write name: and the other keys");
        return entry;
    }
    entry.settings = reader.read_mapping(node, name, yaml_keys(true));
    return entry;
}

/// Doesn't check values. Invalid YAML, unknown or duplicate keys and wrong types are mistakes; no message
/// quotes a value, because it might be a secret.
base::Settings read_file(const std::string& path, Draft& draft) {
    const auto text = base::file_reader()(path);
    if (!text) {
        draft.mistakes.push_back(fmt::format("{}: the configuration file {}", path, text.error()));
        return {};
    }
    if (!text->others_may_write.empty()) {
        draft.warnings.push_back(
            fmt::format("{}: others can decide where the credentials go: {}", path, text->others_may_write));
    }
    base::YamlReader reader(path, draft.mistakes);
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    const auto read_organizations = [&](const YAML::Node& key, const YAML::Node& value) {
        draft.lists_organizations = true;
        if (!value.IsSequence() || value.size() == 0) {
            reader.mistake(reader.place(key.Mark(), organizations_key),
                           "takes a list of at least one organization, each with a name");
            return;
        }
        for (const YAML::Node& node : value) {
            draft.entries.push_back(read_entry(reader, node, draft.entries.size()));
            resolve_paths(draft.entries.back().settings, directory);
        }
    };
    base::Settings settings =
        reader.read(std::string(text->text.expose()), yaml_keys(false),
                    {{std::string(organizations_key), read_organizations}}, "poll: {interval: 10m}");
    resolve_paths(settings, directory);
    return settings;
}

}  // namespace

std::string variable(const Environment& environment, std::string_view name) {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::string() : found->second;
}

Outcome load(const std::vector<std::string>& arguments, const Environment& environment,
             const std::string& version_text, const WebFileCheck& check_web_file, const Config* running) {
    Draft draft;
    base::Settings settings = read_command_line(arguments, draft.mistakes);
    if (settings.contains("help")) {
        return Information{help_text()};
    }
    if (settings.contains("version")) {
        return Information{version_text};
    }
    settings.merge(read_environment(environment, draft.mistakes));
    Given given(settings, draft);
    if (const base::Setting* const path = given.find("config.file");
        path != nullptr && !path->values.front().empty()) {
        settings.merge(read_file(path->values.front(), draft));
    }
    read_rows(given, draft, false);
    apply_rules(given, environment, draft);
    if (running != nullptr) {
        keep_what_needs_restart(*running, given, draft);
    }
    read_organizations(given, environment, draft);
    if (check_web_file && !draft.web.config_file.empty()) {
        check_web_file(draft.web, draft.mistakes, draft.warnings);
    }
    if (!draft.mistakes.empty()) {
        return Mistakes{std::move(draft.mistakes)};
    }
    draft.in_effect = configuration_in_effect(given, draft);
    // Done last, so that every replica reports the mistakes of all organizations.
    draft.organizations_configured = draft.entries.size();
    draft.organizations = organizations_of(draft.shard, {draft.entries.begin(), draft.entries.end()});
    return std::move(static_cast<Config&>(draft));
}

void add_once(std::vector<std::string>& lines, std::string line) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
        lines.push_back(std::move(line));
    }
}

const base::Setting* Given::find(std::string_view flag) const {
    const auto found = settings_.find(flag);
    return found == settings_.end() ? nullptr : &found->second;
}

std::string Given::place(std::string_view flag) const {
    const base::Setting* const setting = find(flag);
    return setting == nullptr ? fmt::format("--{}", flag) : setting->place;
}

}  // namespace exporter::config
