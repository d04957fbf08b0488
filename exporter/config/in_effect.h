// The configuration in effect, for people: on the status page, in a report of a problem.
#pragma once

#include "config/organizations.h"

#include <string>

namespace exporter::config {

/// Every option's value as `--config.file` would have it, defaults included, with a comment where a value was
/// given. Read again as such a file, beside the same `DD_*` and proxy variables, it makes the same
/// configuration.
///
/// Credentials and proxies stand there as comments with `<secret>`; so does what looks like a key where none
/// belongs. Paths of files are whole. Bytes that are no UTF-8 are left as they are.
///
/// @param config what `inputs` made, without mistakes, and with the organizations of every shard
[[nodiscard]] std::string configuration_in_effect(const OrganizationInputs& inputs, const Config& config);

}  // namespace exporter::config
