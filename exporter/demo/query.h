// The query arguments as they come on the wire.
#pragma once

#include "demo/organization.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace exporter::demo {

/// Reads the arguments after `?` of a request's target, percent-encoded or not; unknown ones are ignored, of
/// repeated ones the last counts. The error is what the API's 400 says.
[[nodiscard]] tl::expected<Query, std::string> parse_query(std::string_view target);

}  // namespace exporter::demo
