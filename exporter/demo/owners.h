// The owners of the simulated organization's tokens: names from the vocabulary, determined only by an owner's
// id and place. They don't consume the organization's random numbers, so a seed keeps giving the same tokens.
#pragma once

#include "datadog/user.h"

#include <cstddef>
#include <string_view>

namespace exporter::demo {

/// A user. Some are disabled, some have no name, and a few have a name that breaks naive escaping.
///
/// @param place among the organization's people, which their tokens' names follow too
[[nodiscard]] datadog::User person(std::size_t place, std::string_view id);

/// A service account, named like what it does. Some have no e-mail address, the others a made-up one.
[[nodiscard]] datadog::User machine(std::string_view id);

}  // namespace exporter::demo
