#include "config/command_line.h"

#include "base/nearest_name.h"
#include "base/text.h"
#include "config/options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

/// What CLI11 reports for a flag whose value is missing; no argument can hold it.
const std::string no_value(1, '\0');

bool takes_value(const Option& option) {
    return option.kind == OptionKind::value || option.kind == OptionKind::list ||
           option.kind == OptionKind::flag_or_value;
}

/// The parts of `--name=value`; without `=`, the value is nullopt.
std::pair<std::string_view, std::optional<std::string_view>> split_argument(std::string_view argument) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos) {
        return {argument, std::nullopt};
    }
    return {argument.substr(0, equals), argument.substr(equals + 1)};
}

const Option* find_option(std::string_view argument_name) {
    if (!argument_name.starts_with("--")) {
        return nullptr;
    }
    const auto found =
        std::find_if(options().begin(), options().end(),
                     [name = argument_name.substr(2)](const Option& option) { return option.flag == name; });
    return found == options().end() ? nullptr : &*found;
}

/// CLI11 takes `--name=` for a flag without value and would swallow the next argument. It wants the last one
/// first.
std::vector<std::string> prepared(const std::vector<std::string>& arguments) {
    std::vector<std::string> result;
    for (const std::string& argument : arguments) {
        const auto [name, value] = split_argument(argument);
        const Option* option = find_option(name);
        if (value && value->empty() && option != nullptr && takes_value(*option)) {
            result.emplace_back(name);
            result.emplace_back();
        } else {
            result.push_back(argument);
        }
    }
    std::reverse(result.begin(), result.end());
    return result;
}

CLI::Option* declare(CLI::App& app, const Option& option) {
    const std::string name = fmt::format("{}--{}", option.flag == "help" ? "-h," : "", option.flag);
    if (!takes_value(option)) {
        return app.add_flag(name)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    return app.add_option(name)->expected(0, 1)->default_str(no_value)->multi_option_policy(
        CLI::MultiOptionPolicy::TakeAll);
}

std::string advice_for_unknown(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> secrets = {
        {{"api-key", "DD_API_KEY"}, {"app-key", "DD_APP_KEY"}, {"bearer-token", "DD_BEARER_TOKEN"}}};
    for (const auto& [flag, variable] : secrets) {
        if (name == flag || name == fmt::format("datadog.{}", flag)) {
            return fmt::format("; secrets are never a flag's value: use {} or --datadog.{}-file", variable,
                               flag);
        }
    }
    std::vector<std::string> flags;
    for (const Option& option : options()) {
        flags.emplace_back(option.flag);
    }
    const std::string suggestion = base::did_you_mean(name, flags, "--");
    return suggestion.empty() ? "; --help lists all flags" : suggestion;
}

void report_unknown(std::string_view argument, base::MistakeLines& mistakes) {
    const std::string_view shown = split_argument(argument).first;
    const std::string_view name = shown.substr(std::min(shown.find_first_not_of('-'), shown.size()));
    mistakes.push_back(fmt::format("{}{}: unknown flag{}", shown.substr(0, shown.size() - name.size()),
                                   base::shown_name(name), advice_for_unknown(name)));
}

/// @param leftovers what CLI11 could not place, in the order given
void report_leftovers(const std::vector<std::string>& leftovers, base::MistakeLines& mistakes) {
    bool is_value_of_unknown_flag = false;
    std::size_t stray = 0;
    for (const std::string& argument : leftovers) {
        if (argument == "--") {
            is_value_of_unknown_flag = false;
        } else if (argument.size() > 1 && argument.front() == '-') {
            report_unknown(argument, mistakes);
            is_value_of_unknown_flag = argument.find('=') == std::string::npos;
        } else if (!std::exchange(is_value_of_unknown_flag, false)) {
            ++stray;
        }
    }
    if (stray > 0) {
        mistakes.push_back(
            fmt::format("command line: {} argument{} belong{} to no flag; write everything as --flag value "
                        "or --flag=value",
                        stray, stray == 1 ? "" : "s", stray == 1 ? "s" : ""));
    }
}

void collect(const Option& option, const std::vector<std::string>& values, base::Settings& settings,
             base::MistakeLines& mistakes) {
    const std::string place = fmt::format("--{}", option.flag);
    if (values.empty()) {
        return;
    }
    if (option.kind == OptionKind::flag_or_value && values == std::vector{no_value}) {
        settings[std::string(option.flag)] = base::Setting{base::Source::command_line, place, {{}}};
        return;
    }
    if (std::find(values.begin(), values.end(), no_value) != values.end()) {
        mistakes.push_back(fmt::format("{}: needs a value: {} {}", place, place, option.value_name));
        return;
    }
    if (values.size() > 1 && option.kind != OptionKind::list && option.kind != OptionKind::flag_only) {
        mistakes.push_back(fmt::format("{}: given {} times; give it once", place, values.size()));
        return;
    }
    settings[std::string(option.flag)] = base::Setting{base::Source::command_line, place, values};
}

}  // namespace

base::Settings read_command_line(const std::vector<std::string>& arguments, base::MistakeLines& mistakes) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::vector<std::pair<const Option*, CLI::Option*>> declared;
    for (const Option& option : options()) {
        declared.emplace_back(&option, declare(app, option));
    }
    try {
        app.parse(prepared(arguments));
    } catch (const CLI::ParseError& error) {
        mistakes.push_back(fmt::format("command line: can't be understood ({})", error.get_name()));
        return {};
    }
    base::Settings settings;
    for (const auto& [option, parsed] : declared) {
        collect(*option, parsed->results(), settings, mistakes);
    }
    report_leftovers(app.remaining(), mistakes);
    return settings;
}

}  // namespace exporter::config
