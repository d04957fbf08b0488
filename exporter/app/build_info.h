// What this binary is: version, git revision and compiler, compiled in.
#pragma once

#include <string>
#include <string_view>

namespace exporter::app {

[[nodiscard]] std::string_view version();
/// Short git revision, `-dirty` after it when the tree had changes; `unknown` outside a checkout.
[[nodiscard]] std::string_view revision();
/// Such as `gcc 12.2.0`.
[[nodiscard]] std::string compiler();

/// What `--version` prints.
[[nodiscard]] std::string version_text();

/// Datadog's convention for clients: `<name>/<version> (<lang> <ver>; os <os>; arch <arch>)`.
[[nodiscard]] std::string user_agent();

}  // namespace exporter::app
