// The command-line contract as one table: flags, environment variables, YAML keys, `--help` and the README's
// table all come from it or are checked against it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace exporter::config {

enum class OptionKind {
    value,   ///< takes one value
    list,    ///< repeatable on the command line; comma-separated in the environment; a sequence or scalar in
             ///< YAML
    toggle,  ///< present or not; true/false in the environment and in YAML
    flag_only,     ///< present or not, on the command line alone (`--help`, `--version`)
    flag_or_value  ///< with a value or without, on the command line alone
};

/// One row of the command-line contract.
struct Option {
    std::string_view flag;  ///< without dashes: `poll.interval`
    OptionKind kind;
    std::string_view
        value_name;             ///< what `--help` shows for the value, such as `DURATION`; empty for toggles
    std::string_view fallback;  ///< the default as a user would write it; empty: none
    std::string_view help;      ///< one sentence
    std::string_view group;     ///< heading in `--help`
};

/// Whether it has no environment variable and no key in the file.
[[nodiscard]] bool is_for_command_line_alone(const Option& option);

/// Every option, in the order `--help` shows them.
[[nodiscard]] std::span<const Option> options();

/// `poll.stale-after` -> `DATADOG_TOKEN_EXPORTER_POLL_STALE_AFTER`
[[nodiscard]] std::string environment_variable(const Option& option);

/// `poll.stale-after` -> `poll.stale_after` (sections are nested mappings in YAML)
[[nodiscard]] std::string yaml_path(const Option& option);

}  // namespace exporter::config
