// A configuration in the making, for this room alone: what the rows of the option table fill, and the steps
// of `load` that make a `Config` of it, each in the file of its name.
#pragma once

#include "base/setting.h"
#include "config/config.h"
#include "config/load.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

/// One organization as somebody wrote it: an entry of the file's `organizations`, or the flags, variables and
/// keys that make the only one.
struct OrganizationDraft {
    std::string place;        ///< how a mistake about it as a whole begins
    base::Settings settings;  ///< by flag, those with a key below `organizations`
    std::string name = "default";
    std::string site = "datadoghq.com";
    std::string base_url;
    std::filesystem::path api_key_file;
    std::filesystem::path app_key_file;
    std::filesystem::path bearer_token_file;
    std::string filter;
    std::vector<std::string> owned_by;
};

/// What the rows fill. What is no member of `Config` becomes part of one together with other options.
struct Draft : Config {
    std::filesystem::path config_file;
    bool config_check = false;
    bool check = false;
    bool once = false;
    std::string probe;
    bool allow_insecure_http = false;
    bool allow_world_readable_secrets = false;
    std::string shard_index;
    OrganizationDraft organization;                         ///< whose rows are being read or written
    std::optional<std::vector<OrganizationDraft>> entries;  ///< the file's; nullopt: it lists none
};

/// What was found wrong or doubtful, one line each, no line twice.
struct Findings {
    base::MistakeLines mistakes;
    std::vector<std::string> warnings;
};

void add_once(std::vector<std::string>& lines, std::string line);

/// What was given for the options, and where.
class Given {
  public:
    /// Both must outlive this object.
    Given(const base::Settings& settings, Findings& findings) : settings_(settings), findings_(findings) {}

    /// nullptr: nothing was given, the default holds.
    [[nodiscard]] const base::Setting* find(std::string_view flag) const;
    /// Where the value was given; `--flag` for a default.
    [[nodiscard]] std::string place(std::string_view flag) const;
    /// Adds `<place>: <what>`.
    void mistake(std::string_view flag, std::string_view what);
    void warn(std::string_view flag, std::string_view what);
    /// Whether a mistake was found in it: then its member has some other value in range.
    [[nodiscard]] bool is_wrong(std::string_view flag) const { return wrong_.contains(flag); }

    [[nodiscard]] Findings& findings() { return findings_; }

  private:
    const base::Settings& settings_;
    Findings& findings_;
    std::set<std::string, std::less<>> wrong_;
};

/// Flags as they were given. Unknown and repeated flags, missing values and stray arguments are mistakes;
/// none of them quotes a value: somebody may have put a secret there.
[[nodiscard]] base::Settings read_command_line(const std::vector<std::string>& arguments,
                                               base::MistakeLines& mistakes);

/// The text of `--help`.
[[nodiscard]] std::string help_text();

/// Fills what the options' rows name, but for those with a key below `organizations`.
void read_options(Given& given, Draft& draft);
/// Fills `draft.organization`, from the rows with a key below `organizations`.
void read_organization_options(Given& given, Draft& draft);

/// What no row can say: relations between options, and what an option's value leads to outside.
void apply_rules(Given& given, const Environment& environment, Draft& draft);

/// Fills `organizations`: those of the file or, when it lists none, the one of flags and environment. Reads
/// every secret once, to see that it can be read and be what it is given as.
void read_organizations(Given& given, const Environment& environment, Draft& draft);

/// Every option's value as `--config.file` would have it, defaults included, with a comment where a value was
/// given. Read again as such a file, beside the same `DD_*` and proxy variables, it makes the same
/// configuration. Credentials and proxies stand there as comments with `<secret>`; so does what looks like a
/// key where none belongs. Paths of files are whole. Bytes that are no UTF-8 are left as they are.
///
/// @param draft without mistakes, and with the organizations of every shard
[[nodiscard]] std::string configuration_in_effect(const Given& given, Draft draft);

}  // namespace exporter::config
