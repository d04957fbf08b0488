// config/: reads flags, environment variables and YAML, and returns a validated `Config` or all mistakes.
// Every option is a row of one table (options.cpp), which the sources, `--help` and `/config` use; relations
// between options are plain functions (rules.cpp). Parts of the program copy what they need from the
// `Config`; only `app::Monitoring` keeps it, to detect what a reload changes. This component must not know
// Datadog's API, the network or the clock.
#pragma once

#include "base/yaml_reader.h"
#include "config/config.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace exporter::config {

/// The process environment as a value, so that tests need not touch the real one.
using Environment = std::map<std::string, std::string>;

/// Empty: not set, or set to an empty string, which counts as not set.
[[nodiscard]] std::string variable(const Environment& environment, std::string_view name);

/// The result of `--help` and `--version`: `text` goes to standard output, with exit status 0.
struct Information {
    std::string text;
};

/// All mistakes, one per line: where, what, and how to correct it. Exit status 2.
struct Mistakes {
    std::vector<std::string> lines;
};

/// Checks the file named in `web`; adds mistakes and warnings.
using WebFileCheck =
    std::function<void(const Web& web, base::MistakeLines& mistakes, std::vector<std::string>& warnings)>;

using Outcome = std::variant<Config, Information, Mistakes>;

/// Merges flags, the environment, `--config.file` and defaults, in this order of precedence, and validates
/// the result as a whole: all mistakes are reported together. Reads the configuration file and checks that
/// secret files can be read; has no other effect.
///
/// @param arguments the command line without the program's name
/// @param environment all variables; unrelated ones are ignored
/// @param check_web_file called if there is a web file; its mistakes are reported with the others
/// @param version_text printed by `--version`
/// @param running the configuration in effect during a reload: options that need a restart keep its values,
/// with a warning. Null at startup
[[nodiscard]] Outcome load(const std::vector<std::string>& arguments, const Environment& environment,
                           const std::string& version_text, const WebFileCheck& check_web_file = {},
                           const Config* running = nullptr);

}  // namespace exporter::config
