// The owners of the simulated organization's tokens: names from the vocabulary, determined only by an owner's
// id and index. They don't consume the organization's random numbers, so a seed always gives the same tokens.
#pragma once

#include "datadog/user.h"

#include <cstddef>
#include <string_view>

namespace exporter::demo {

/// A user. Some are disabled, some have no name, and a few have a name that breaks naive escaping.
///
/// @param place index among the organization's people, which also determines their tokens' names
[[nodiscard]] datadog::User person(std::size_t place, std::string_view id);

/// A service account, named after its purpose. Some have no e-mail address, the others a made-up one.
[[nodiscard]] datadog::User machine(std::string_view id);

}  // namespace exporter::demo
