// From settings to a `Config`: each value in range, and all of them in keeping with each other.
#pragma once

#include "config/organizations.h"

namespace exporter::config {

/// What is wrong is appended to `mistakes`; then the result means nothing.
[[nodiscard]] Config read_config(const OrganizationInputs& inputs, base::MistakeLines& mistakes);

}  // namespace exporter::config
