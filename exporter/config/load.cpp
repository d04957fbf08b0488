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
Settings merged(const Settings& flags, const Settings& environment, const std::optional<std::string>& dd_site,
                const Settings& file) {
    Settings result = flags;
    result.insert(environment.begin(), environment.end());
    if (dd_site) {
        result.emplace("datadog.site", Setting{Source::environment, "DD_SITE", {*dd_site}});
    }
    result.insert(file.begin(), file.end());
    return result;
}

}  // namespace

Outcome load(const std::vector<std::string>& arguments, const Environment& environment,
             const std::string& version_text) {
    MistakeLines mistakes;
    const Settings flags = read_command_line(arguments, mistakes);
    if (flags.contains("help")) {
        return Information{help_text()};
    }
    if (flags.contains("version")) {
        return Information{version_text};
    }
    const Settings variables = read_environment(environment, mistakes);
    const std::optional<std::string> dd_site = variable(environment, "DD_SITE");

    const Settings without_file = merged(flags, variables, dd_site, {});
    const std::string path = Values(without_file, mistakes).text("config.file");
    const YamlFile file = path.empty() ? YamlFile{} : read_yaml_file(path, mistakes);

    const Settings settings = merged(flags, variables, dd_site, file.settings);
    const Values values(settings, mistakes);
    Config config = read_config(OrganizationInputs{values, file, environment}, mistakes);
    if (!mistakes.empty()) {
        return Mistakes{std::move(mistakes)};
    }
    return config;
}

}  // namespace exporter::config
