// The options of the web server: where it listens, its limits, and whether its own file is right.
#pragma once

#include "config/config.h"
#include "config/values.h"

#include <filesystem>
#include <string>
#include <vector>

namespace exporter::config {

/// Reads the file of `--web.config.file` too, to see that it is right.
///
/// @param directory what relative paths in the configuration file start from
[[nodiscard]] Web read_web(const Values& values, const std::filesystem::path& directory,
                           base::MistakeLines& mistakes);

}  // namespace exporter::config
