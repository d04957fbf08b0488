// Organizations and their credentials, out of what was written.
#pragma once

#include "base/setting.h"
#include "config/config.h"
#include "config/load.h"
#include "config/values.h"
#include "config/yaml_file.h"

#include <vector>

namespace exporter::config {

struct OrganizationInputs {
    const Values& values;
    const YamlFile& file;
    const Environment& environment;
};

/// The organizations of the file or, when it has none, the one of flags and environment. Reads the secret
/// files.
///
/// @param credentials_needed false: the one organization of flags and environment may lack them
[[nodiscard]] std::vector<Organization> read_organizations(const OrganizationInputs& inputs,
                                                           bool credentials_needed,
                                                           base::MistakeLines& mistakes,
                                                           std::vector<std::string>& warnings);

/// What a simulated organization leaves unused, for a warning: variables, flags, keys of the file.
[[nodiscard]] std::vector<std::string> given_credentials(const OrganizationInputs& inputs);

}  // namespace exporter::config
