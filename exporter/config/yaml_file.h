// The file of `--config.file`.
#pragma once

#include "base/setting.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace exporter::config {

/// One entry of `organizations`.
struct OrganizationEntry {
    std::string place;        ///< `/etc/x.yaml:3: organizations[0]`
    base::Settings settings;  ///< by key: `name`, `site`, `api_key_file`
};

struct YamlFile {
    std::filesystem::path directory;  ///< what relative paths in the file start from
    std::string warning;              ///< about the file itself; empty: none
    base::Settings settings;
    std::optional<std::vector<OrganizationEntry>> organizations;  ///< nullopt: the key is absent
};

/// Values are not judged here; what is no YAML, unknown keys, doubled keys and wrong shapes are mistakes.
/// None of them quotes a value: somebody may have put a secret there.
[[nodiscard]] YamlFile read_yaml_file(const std::string& path, base::MistakeLines& mistakes);

}  // namespace exporter::config
