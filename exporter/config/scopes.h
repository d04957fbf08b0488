// The scopes of tokens, which are Datadog's permissions, as far as this version knows them. The set is open:
// an unknown one is as good as any.
#pragma once

#include <string>
#include <vector>

namespace exporter::config {

/// The default list of `--scopes.privileged`.
[[nodiscard]] std::vector<std::string> default_privileged_scopes();

/// A line for each of the scopes that is unknown but nearly a known one, with that one's name: a scope with a
/// typing error in it is never found on any token.
[[nodiscard]] std::vector<std::string> doubts_about_scopes(const std::vector<std::string>& scopes);

}  // namespace exporter::config
