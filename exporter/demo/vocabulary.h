// The words that the simulated organization is made of.
#pragma once

#include <span>
#include <string_view>

namespace exporter::demo {

/// Datadog's permissions, the most granted first.
[[nodiscard]] std::span<const std::string_view> known_scopes();

[[nodiscard]] std::span<const std::string_view> first_names();
[[nodiscard]] std::span<const std::string_view> teams();
/// What a person's token is for.
[[nodiscard]] std::span<const std::string_view> personal_purposes();
/// What a machine's token is for.
[[nodiscard]] std::span<const std::string_view> machine_purposes();
[[nodiscard]] std::span<const std::string_view> environments();
/// Names that break naive escaping: quotes, backslashes, newlines, markup, other scripts, nothing but a
/// space.
[[nodiscard]] std::span<const std::string_view> awkward_names();

}  // namespace exporter::demo
