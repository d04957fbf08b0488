// What an organization's numbers are counted by, as a text.
#pragma once

#include "config/config.h"

#include <string>

namespace exporter::app {

/// Equal for two configurations that count the same listing alike: endpoint, filters, bounds, policies,
/// detail. A stored inventory with another fingerprint than the configuration's means something else. Holds
/// no secret.
[[nodiscard]] std::string fingerprint_of(const config::Organization& organization,
                                         const config::Config& config);

}  // namespace exporter::app
