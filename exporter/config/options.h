// The command-line contract as one table. A row has an option's name, form, help and group, and the member
// that it fills, whose type says how a value is read and whose initial value is the default. Flags,
// environment variables, YAML keys, `--help`, the README's table and `/config` walk these rows: a new flag is
// a member of `Config` and a row in options.cpp.
#pragma once

#include "base/duration.h"
#include "config/draft.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace exporter::config {

/// What a value looks like.
struct Form {
    /// Not explicit: most forms are a name alone.
    Form(const char* as_shown, std::size_t smallest = 0, std::size_t largest = 0)
        : name(as_shown), least(smallest), most(largest) {}

    /// As `--help` shows it: `DURATION`; `none|all` names the choices in their enumeration's order; `[URL]`
    /// may be left out; empty: the flag takes no value.
    std::string_view name;
    std::size_t least;  ///< of a number
    std::size_t most;
};

/// The member that a row fills. Its type says how values are read:
using Member = std::variant<std::string*,
                            std::filesystem::path*,  ///< in the configuration file it may be relative to that
                            bool*,                   ///< present or not; true/false outside the command line
                            std::size_t*,            ///< within the form's range; of `PERCENT` before a `%`
                            base::Duration*,         ///< at least a second
                            Detail*, LogLevel*, LogFormat*,
                            // Lists: repeatable on the command line, items between commas, sequences in YAML.
                            std::vector<std::string>*,
                            std::vector<base::Duration>*,  ///< ascending bounds of buckets
                            std::vector<ListenAddress>*>;

struct Option {
    std::string_view flag;  ///< without dashes: `poll.interval`
    Form form;
    Member (*member)(Draft& draft);  ///< nullptr: the flag is for the command line alone and carries nothing
    std::string_view help;           ///< one sentence
    std::string_view group;          ///< heading in `--help`
    /// Where the option is about one organization: its key below `organizations`.
    std::string_view organization_key = {};
};

/// Every option, in the order `--help` shows them.
[[nodiscard]] std::span<const Option> options();

/// nullptr: there is none.
[[nodiscard]] const Option* find_option(std::string_view flag);

/// Whether its member is a list, or a path.
[[nodiscard]] bool is_list(const Option& option);
[[nodiscard]] bool is_path(const Option& option);

[[nodiscard]] bool has_variable(const Option& option);
/// What names the configuration file, or ends the program before it is read, has none.
[[nodiscard]] bool has_yaml_key(const Option& option);

/// `poll.stale-after` -> `DATADOG_TOKEN_EXPORTER_POLL_STALE_AFTER`
[[nodiscard]] std::string environment_variable(const Option& option);

/// `poll.stale-after` -> `poll.stale_after` (sections are nested mappings in YAML)
[[nodiscard]] std::string yaml_path(const Option& option);

/// Sets the option's member. What is wrong with the texts, a line each; then the member means nothing.
[[nodiscard]] std::vector<std::string> read_member(const Option& option,
                                                   const std::vector<std::string>& texts, Draft& draft);

/// The option's member as texts that read back as the same: one, but for lists. Paths are whole.
[[nodiscard]] std::vector<std::string> member_texts(const Option& option, Draft& draft);

/// As a user would write it; empty: none.
[[nodiscard]] std::string default_text(const Option& option);

}  // namespace exporter::config
