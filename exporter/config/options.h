// The command-line contract as one table. A row has an option's name, kind, range, help and group, and the
// member that it fills, whose initial value is the default. Flags, environment variables, YAML keys,
// `--help`, the README's table and `/config` walk these rows: a new flag is a member of `Config` and a row in
// options.cpp.
#pragma once

#include "config/values.h"

#include <span>
#include <string>
#include <string_view>

namespace exporter::config {

struct Option {
    std::string_view flag;  ///< without dashes: `poll.interval`
    Value value;
    std::string_view help;   ///< one sentence
    std::string_view group;  ///< heading in `--help`
    /// Where the option is about one organization: its key below `organizations`.
    std::string_view organization_key = {};
};

/// Every option, in the order `--help` shows them.
[[nodiscard]] std::span<const Option> options();

/// nullptr: there is none.
[[nodiscard]] const Option* find_option(std::string_view flag);

/// As a user would write it; empty: none.
[[nodiscard]] std::string default_text(const Option& option);

[[nodiscard]] bool has_variable(const Option& option);
/// What names the configuration file, or ends the program before it is read, has none.
[[nodiscard]] bool has_yaml_key(const Option& option);

/// `poll.stale-after` -> `DATADOG_TOKEN_EXPORTER_POLL_STALE_AFTER`
[[nodiscard]] std::string environment_variable(const Option& option);

/// `poll.stale-after` -> `poll.stale_after` (sections are nested mappings in YAML)
[[nodiscard]] std::string yaml_path(const Option& option);

}  // namespace exporter::config
