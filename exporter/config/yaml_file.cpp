#include "config/yaml_file.h"

#include "base/file_text.h"
#include "base/nearest_name.h"
#include "base/yaml_reader.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::string_view organizations_key = "organizations";

struct OrganizationKey {
    std::string_view name;
    bool is_list;
};

constexpr std::array<OrganizationKey, 8> organization_keys = {{{"name", false},
                                                               {"site", false},
                                                               {"base_url", false},
                                                               {"api_key_file", false},
                                                               {"app_key_file", false},
                                                               {"bearer_token_file", false},
                                                               {"filter", false},
                                                               {"owned_by", true}}};

std::vector<std::string> organization_key_names() {
    std::vector<std::string> names;
    names.reserve(organization_keys.size());
    for (const OrganizationKey& key : organization_keys) {
        names.emplace_back(key.name);
    }
    return names;
}

/// What names the file itself, or ends the program before it is read, has no key.
bool has_yaml_key(const Option& option) {
    return !is_for_command_line_alone(option) && !option.flag.starts_with("config.");
}

std::vector<base::YamlKey> option_keys() {
    std::vector<base::YamlKey> keys;
    for (const Option& option : options()) {
        if (has_yaml_key(option)) {
            keys.push_back({yaml_path(option), std::string(option.flag), option.kind == OptionKind::list});
        }
    }
    return keys;
}

OrganizationEntry read_organization(base::YamlReader& reader, const YAML::Node& node, std::size_t index) {
    const std::string name = fmt::format("{}[{}]", organizations_key, index);
    OrganizationEntry organization{reader.place(node.Mark(), name), {}};
    if (!node.IsMap()) {
        reader.mistake(organization.place, "is not a mapping; write name: and the other keys");
        return organization;
    }
    base::YamlReader::Seen seen;
    for (const auto& entry : node) {
        const std::optional<std::string> path = reader.fresh_key(entry.first, name + ".", seen);
        if (!path) {
            continue;
        }
        const std::string where = reader.place(entry.first.Mark(), *path);
        const auto known =
            std::find_if(organization_keys.begin(), organization_keys.end(),
                         [&](const OrganizationKey& k) { return k.name == entry.first.Scalar(); });
        if (known == organization_keys.end()) {
            reader.mistake(where, fmt::format("unknown key{}", base::did_you_mean(entry.first.Scalar(),
                                                                                  organization_key_names())));
        } else if (auto read = reader.setting(where, entry.second, known->is_list)) {
            organization.settings[std::string(known->name)] = *std::move(read);
        }
    }
    return organization;
}

std::vector<OrganizationEntry> read_organizations(base::YamlReader& reader, const YAML::Node& key,
                                                  const YAML::Node& value) {
    std::vector<OrganizationEntry> organizations;
    if (!value.IsSequence() || value.size() == 0) {
        reader.mistake(reader.place(key.Mark(), organizations_key),
                       "takes a list of at least one organization, each with a name");
        return organizations;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        organizations.push_back(read_organization(reader, value[i], i));
    }
    return organizations;
}

}  // namespace

YamlFile read_yaml_file(const std::string& path, base::MistakeLines& mistakes) {
    YamlFile file;
    file.directory = std::filesystem::path(path).parent_path();
    const auto text = base::file_reader()(path);
    if (!text) {
        mistakes.push_back(fmt::format("{}: the configuration file {}", path, text.error()));
        return file;
    }
    if (!text->others_may_write.empty()) {
        file.warning =
            fmt::format("{}: others can decide where the credentials go: {}", path, text->others_may_write);
    }
    base::YamlReader reader(path, mistakes);
    const auto read_list = [&](const YAML::Node& key, const YAML::Node& value) {
        file.organizations = read_organizations(reader, key, value);
    };
    file.settings = reader.read(std::string(text->text.expose()), option_keys(),
                                {{std::string(organizations_key), read_list}}, "poll: {interval: 10m}");
    return file;
}

}  // namespace exporter::config
