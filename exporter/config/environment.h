// Options and proxies out of environment variables. A variable that is set but empty counts as not set.
#pragma once

#include "base/setting.h"
#include "config/endpoint.h"
#include "config/load.h"

#include <optional>
#include <string>
#include <string_view>

namespace exporter::config {

[[nodiscard]] std::optional<std::string> variable(const Environment& environment, std::string_view name);

/// All `DATADOG_TOKEN_EXPORTER_*` variables. Unknown ones are mistakes, but for those that Kubernetes makes
/// of a service's name.
[[nodiscard]] base::Settings read_environment(const Environment& environment, base::MistakeLines& mistakes);

/// Lower case wins, as with curl.
[[nodiscard]] ProxyVariables proxy_variables(const Environment& environment);

}  // namespace exporter::config
