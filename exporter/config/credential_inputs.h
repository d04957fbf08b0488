// An organization's credentials, as written: which are given, and whether they make sense together.
#pragma once

#include "base/setting.h"
#include "config/credentials.h"
#include "config/load.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

struct CredentialInputs {
    std::string place;                         ///< how a mistake about the credentials as a whole begins
    std::filesystem::path directory;           ///< what relative paths in the configuration file start from
    const Environment* environment = nullptr;  ///< where `DD_*` are read from; nullptr: they don't count here
    std::optional<base::Setting> api_key_file;
    std::optional<base::Setting> app_key_file;
    std::optional<base::Setting> bearer_token_file;
    base::WorldReadable world_readable = base::WorldReadable::refused;
    bool needed = true;  ///< whether none at all is a mistake
};

/// Reads every secret once, to see that it can be read and be what it is given as. A warning is a line like a
/// mistake.
[[nodiscard]] CredentialSources read_credential_sources(const CredentialInputs& inputs,
                                                        base::MistakeLines& mistakes,
                                                        std::vector<std::string>& warnings);

}  // namespace exporter::config
