// The command-line contract as one table, for config/ and the manual page. A row has an option's name, form,
// help and group, and the member that it fills. The member's type determines how a value is read, and its
// initial value is the default. Flags, environment variables, YAML keys, `--help`, the manual page, shell
// completions, the table in reference.md and `/config` are all derived from these rows: a new flag is a
// member of `Config` and a row in options.cpp. The rows fill a draft of the configuration, from which the
// steps of `load` make a `Config`, each in the file named after it.
#pragma once

#include "base/dates.h"
#include "base/yaml_reader.h"
#include "config/config.h"
#include "config/load.h"

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace exporter::config {

/// An organization being configured: an entry of the file's `organizations`, or the only one, from flags,
/// variables and top-level keys.
struct OrganizationDraft : Organization {
    std::string place;        ///< prefix for mistakes about the organization as a whole
    base::Settings settings;  ///< by flag, for options with a key below `organizations`
    std::string base_url;
};

/// The target of the rows. Members that `Config` does not have are combined with other options.
struct Draft : Config {
    base::MistakeLines mistakes;  ///< no line twice
    bool config_check = false;
    bool check = false;
    bool once = false;
    std::string probe;
    bool allow_insecure_http = false;
    bool allow_world_readable_secrets = false;
    std::string shard_index;
    OrganizationDraft organization;  ///< the one being read or written
    bool lists_organizations = false;
    std::vector<OrganizationDraft> entries;  ///< the organizations in the file, or the only one
};

/// The form of a value.
struct Form {
    /// Implicit on purpose: most forms consist of a name only.
    Form(const char* as_shown, std::size_t smallest = 0, std::size_t largest = 0)
        : name(as_shown), least(smallest), most(largest) {}

    /// As shown by `--help`: `DURATION`; `none|all` lists the choices in their enumeration's order; `[URL]`
    /// is optional; empty: the flag takes no value.
    std::string_view name;
    std::size_t least;  ///< for a number
    std::size_t most;
};

/// The member that a row fills. Its type determines how values are read:
using Member = std::variant<std::string*,
                            std::filesystem::path*,        ///< in the configuration file, relative to it
                            std::optional<SecretSource>*,  ///< path of a secret's file, likewise relative
                            bool*,            ///< present or not; true/false outside the command line
                            std::size_t*,     ///< within the form's range; of `PERCENT` before a `%`
                            base::Duration*,  ///< at least one second
                            Detail*, ListFormat*, LogLevel*, LogFormat*,
                            // Lists: repeatable on the command line, items separated by commas, sequences in
                            // YAML.
                            std::vector<std::string>*,
                            std::vector<base::Duration>*,  ///< ascending bucket bounds
                            std::vector<ListenAddress>*>;

struct MemberPath {
    Member (*in)(Draft& draft) = nullptr;  ///< nullptr: no member
    bool of_organization = false;          ///< whether it is in `Draft::organization`
};

struct Option {
    std::string_view flag;  ///< without dashes: `poll.interval`
    Form form;
    MemberPath member;              ///< none: the flag exists only on the command line and has no value
    std::string_view help;          ///< one sentence
    std::string_view heading = {};  ///< in `--help`, above this option
};

/// Every option, in the order of `--help`.
[[nodiscard]] std::span<const Option> options();

/// nullptr: there is none.
[[nodiscard]] const Option* find_option(std::string_view flag);

/// Whether its member is a list, or a path.
[[nodiscard]] bool is_list(const Option& option);
[[nodiscard]] bool is_path(const Option& option);

/// Whether `--flag` is valid without a value: its form is in brackets.
[[nodiscard]] bool may_lack_value(const Option& option);

[[nodiscard]] bool has_variable(const Option& option);
/// Options that name the configuration file, or end the program before it is read, have no YAML key.
[[nodiscard]] bool has_yaml_key(const Option& option);

/// Whether a change needs a restart, because the option is only used at startup (sockets, files, sharding).
[[nodiscard]] bool needs_restart(const Option& option);

/// `poll.stale-after` -> `DATADOG_TOKEN_EXPORTER_POLL_STALE_AFTER`
[[nodiscard]] std::string environment_variable(const Option& option);

/// `poll.stale-after` -> `poll.stale_after` (sections are nested mappings in YAML)
[[nodiscard]] std::string yaml_path(const Option& option);

/// `datadog.base-url` -> `base_url`, the key below `organizations`; empty: the option doesn't belong to an
/// organization.
[[nodiscard]] std::string organization_key(const Option& option);

/// Sets the option's member. Returns what is wrong with the texts (the member is then meaningless); empty:
/// nothing.
[[nodiscard]] std::string read_member(const Option& option, const std::vector<std::string>& texts,
                                      Draft& draft);

/// The option's member as texts that read back as the same value: one text, except for lists. Paths are
/// absolute. Empty for a secret from the environment.
[[nodiscard]] std::vector<std::string> member_texts(const Option& option, Draft& draft);

/// As a user would write it; empty: no default.
[[nodiscard]] std::string default_text(const Option& option);

void add_once(std::vector<std::string>& lines, std::string line);

/// The values given for the options, and their places.
class Given {
  public:
    /// Both must outlive this object. Mistakes and warnings go into the draft.
    Given(const base::Settings& settings, Draft& draft) : settings_(settings), draft_(draft) {}

    [[nodiscard]] const base::Settings& settings() const { return settings_; }
    /// nullptr: not given, so the default applies.
    [[nodiscard]] const base::Setting* find(std::string_view flag) const;
    /// Where the value was given; `--flag` for a default.
    [[nodiscard]] std::string place(std::string_view flag) const;
    /// Whether its value is invalid; its member then has some other valid value.
    [[nodiscard]] bool is_wrong(std::string_view flag) const { return wrong_.contains(flag); }

    /// Adds `<place>: <what>`.
    template <class... Values>
    void mistake(std::string_view flag, fmt::format_string<Values...> what, Values&&... values) {
        wrong_.emplace(flag);
        add_once(draft_.mistakes, place(flag) + ": " + fmt::format(what, std::forward<Values>(values)...));
    }
    template <class... Values>
    void warn(std::string_view flag, fmt::format_string<Values...> what, Values&&... values) {
        add_once(draft_.warnings, place(flag) + ": " + fmt::format(what, std::forward<Values>(values)...));
    }

  private:
    const base::Settings& settings_;
    Draft& draft_;
    std::set<std::string, std::less<>> wrong_;
};

/// Reads the flags. Unknown and repeated flags, missing values and stray arguments are mistakes; no message
/// quotes a value, because it might be a secret.
[[nodiscard]] base::Settings read_command_line(const std::vector<std::string>& arguments,
                                               base::MistakeLines& mistakes);

/// The text of `--help`.
[[nodiscard]] std::string help_text();

/// Fills the members of the rows: either those with a key below `organizations`, or all others.
void read_rows(Given& given, Draft& draft, bool of_one_organization);

/// Checks what no row can express: relations between options, and the files that values refer to.
void apply_rules(Given& given, const Environment& environment, Draft& draft);

/// Restores the values of `running` for options that need a restart, with a warning for each changed one.
void keep_what_needs_restart(const Config& running, Given& given, Draft& draft);

/// Completes the organizations in `draft.entries`. If the file lists none, flags and environment describe the
/// only one. Reads every secret once, to check that it is readable and has the right form.
void read_organizations(Given& given, const Environment& environment, Draft& draft);

/// Every option's value in the format of `--config.file`, including defaults, with a comment on where each
/// value was given. Loading it with the same `DD_*` and proxy variables gives the same configuration.
/// Credentials and proxies appear as comments with `<secret>`, as does anything that looks like a misplaced
/// key. File paths are absolute. Bytes that are not UTF-8 are left unchanged.
///
/// @param draft without mistakes, and with the organizations of every shard
[[nodiscard]] std::string configuration_in_effect(const Given& given, Draft draft);

}  // namespace exporter::config
