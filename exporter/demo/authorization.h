// Who may read the listing: the three forms of credentials that api.md names.
#pragma once

#include "demo/server.h"

#include <string_view>

namespace exporter::demo {

enum class Authorization { granted, missing, wrong };

/// An `Authorization` header decides alone. Otherwise DD-APPLICATION-KEY does, and if that is not the access
/// token, DD-API-KEY with it.
[[nodiscard]] Authorization authorize(const RecordedRequest& request, const SimulatedDatadogOptions& options);

/// The header's value, empty when absent. `name` in lower case.
[[nodiscard]] std::string_view header(const RecordedRequest& request, std::string_view name);

}  // namespace exporter::demo
