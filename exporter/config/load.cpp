#include "config/load.h"

#include "config/command_line.h"
#include "config/environment.h"
#include "config/help.h"
#include "config/validate.h"

#include <optional>
#include <utility>

namespace exporter::config {
namespace {

/// Flags over environment over `DD_SITE` over file.
base::Settings merged(const base::Settings& flags, const base::Settings& environment,
                      const std::optional<std::string>& dd_site, const base::Settings& file) {
    base::Settings result = flags;
    result.insert(environment.begin(), environment.end());
    if (dd_site) {
        result.emplace("datadog.site", base::Setting{base::Source::environment, "DD_SITE", {*dd_site}});
    }
    result.insert(file.begin(), file.end());
    return result;
}

}  // namespace

Outcome load(const std::vector<std::string>& arguments, const Environment& environment,
             const std::string& version_text, const WebFileCheck& check_web_file) {
    base::MistakeLines mistakes;
    const base::Settings flags = read_command_line(arguments, mistakes);
    if (flags.contains("help")) {
        return Information{help_text()};
    }
    if (flags.contains("version")) {
        return Information{version_text};
    }
    const base::Settings variables = read_environment(environment, mistakes);
    const std::optional<std::string> dd_site = variable(environment, "DD_SITE");

    const base::Settings without_file = merged(flags, variables, dd_site, {});
    const std::string path = Values(without_file, mistakes).text("config.file");
    const YamlFile file = path.empty() ? YamlFile{} : read_yaml_file(path, mistakes);

    const base::Settings settings = merged(flags, variables, dd_site, file.settings);
    const Values values(settings, mistakes);
    Config config = read_config(OrganizationInputs{values, file, environment}, mistakes);
    if (check_web_file && !config.web.config_file.empty()) {
        check_web_file(config.web, mistakes, config.warnings);
    }
    if (!mistakes.empty()) {
        return Mistakes{std::move(mistakes)};
    }
    return config;
}

}  // namespace exporter::config
