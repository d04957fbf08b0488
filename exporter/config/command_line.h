// Flags as they were given.
#pragma once

#include "base/setting.h"

#include <string>
#include <vector>

namespace exporter::config {

/// Values are not judged here; unknown and repeated flags, missing values and stray arguments are mistakes.
/// None of them quotes a value: somebody may have put a secret there.
[[nodiscard]] base::Settings read_command_line(const std::vector<std::string>& arguments,
                                               base::MistakeLines& mistakes);

}  // namespace exporter::config
