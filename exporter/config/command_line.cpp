#include "base/text.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t help_indent = 6;

constexpr std::string_view introduction = R"(Usage: datadog_token_exporter [flags]

Exports metrics about the access tokens of Datadog organizations to Prometheus: how many there are, who
owns them, what they may do, when they expire and which are unused.

Every flag can also be set by an environment variable (DATADOG_TOKEN_EXPORTER_POLL_INTERVAL for
--poll.interval) or by a key in the YAML file of --config.file (poll: {interval: 10m}; - becomes _).
Flags override the environment, the environment overrides the file, and the file overrides the
defaults. Durations are written like 90s, 5m, 1h30m or 7d.

Credentials come from the environment or from files, never from a flag:
  DD_API_KEY and DD_APP_KEY   an API key and an application key
  DD_APP_KEY alone            an access token (ddpat_..., ddsat_...)
  DD_BEARER_TOKEN             an access token, sent as a bearer token
They need the permission org_app_keys_read or user_app_keys; user_app_keys alone most likely lists only
the caller's own tokens.
HTTPS_PROXY, ALL_PROXY and NO_PROXY are honoured.
)";

constexpr std::string_view conclusion = R"(
Exit status: 0 success; 1 a check, a poll or the server failed; 2 the configuration is invalid.

Examples:
  datadog_token_exporter --demo
  datadog_token_exporter --demo --list=leaked,never_expires_privileged
  DD_API_KEY=... DD_APP_KEY=... datadog_token_exporter --datadog.site=datadoghq.eu --check
  datadog_token_exporter --config.file=/etc/datadog_token_exporter.yaml
)";

/// The end of a line of at most `width`: after a space or a comma if there is one.
std::size_t line_end(std::string_view text, std::size_t width) {
    if (text.size() <= width) {
        return text.size();
    }
    if (text[width] == ' ') {
        return width + 1;
    }
    const std::size_t last = text.find_last_of(" ,", width - 1);
    return last == std::string_view::npos ? width : last + 1;
}

void append_wrapped(std::string& help, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = line_end(text, line_width - help_indent);
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        while (line.ends_with(' ')) {
            line.remove_suffix(1);
        }
        help += fmt::format("{:{}}{}\n", "", help_indent, line);
    }
}

void append_option(std::string& help, const Option& option) {
    const std::string_view value_name = option.form.name;
    help += fmt::format("  --{}{}{}\n", option.flag, value_name.empty() ? "" : " ", value_name);
    std::string text(option.help);
    if (is_list(option)) {
        text += " Comma-separated or repeated.";
    }
    if (const std::string value = default_text(option); !value.empty()) {
        text += fmt::format(" Default: {}", value);
    }
    append_wrapped(help, text);
}

/// Whether the argument looks like a flag; `-` and negative numbers are values.
bool is_like_a_flag(std::string_view argument) {
    return argument.size() > 1 && argument.front() == '-' && !base::is_digit(argument[1]);
}

const Option* option_of(std::string_view written) {
    if (written == "-h") {
        return find_option("help");
    }
    return written.starts_with("--") ? find_option(written.substr(2)) : nullptr;
}

std::string unknown_flag(std::string_view written) {
    std::vector<std::string> flags;
    for (const Option& option : options()) {
        flags.emplace_back(option.flag);
    }
    const std::string suggestion = base::did_you_mean(written, flags, "--");
    return fmt::format("{}: unknown flag{}", base::shown_name(written),
                       suggestion.empty() ? "; --help lists all flags" : suggestion);
}

/// @param value nullopt: there is none
void take(base::Settings& settings, const Option& option, std::optional<std::string> value,
          base::MistakeLines& mistakes) {
    const std::string place = fmt::format("--{}", option.flag);
    if (option.form.name.empty() && value.value_or("").empty()) {
        value = "true";
    } else if (may_lack_value(option)) {
        value = value.value_or("");
    } else if (!value) {
        add_once(mistakes, fmt::format("{}: needs a value: {} {}", place, place, option.form.name));
        return;
    }
    base::Setting& setting = settings[std::string(option.flag)];
    setting.place = place;
    if (setting.values.empty() || is_list(option)) {
        setting.values.push_back(*std::move(value));
    } else {
        add_once(mistakes, fmt::format("{}: is given more than once; give it once", place));
    }
}

}  // namespace

base::Settings read_command_line(const std::vector<std::string>& arguments, base::MistakeLines& mistakes) {
    base::Settings settings;
    for (std::size_t next = 0; next < arguments.size();) {
        const std::string_view argument = arguments[next++];
        if (!is_like_a_flag(argument)) {
            add_once(mistakes,
                     "command line: stray argument; write everything as --flag value or --flag=value");
            continue;
        }
        const std::size_t equals = std::min(argument.find('='), argument.size());
        const std::string_view written = argument.substr(0, equals);
        const Option* const option = option_of(written);
        std::optional<std::string> value;
        if (equals < argument.size()) {
            value = argument.substr(equals + 1);
        } else if ((option == nullptr || !option->form.name.empty()) && next < arguments.size() &&
                   !is_like_a_flag(arguments[next])) {
            value = arguments[next++];
        }
        if (option == nullptr) {
            mistakes.push_back(unknown_flag(written));
        } else {
            take(settings, *option, std::move(value), mistakes);
        }
    }
    return settings;
}

std::string help_text() {
    std::string help(introduction);
    for (const Option& option : options()) {
        if (!option.heading.empty()) {
            help += fmt::format("\n{}:\n", option.heading);
        }
        append_option(help, option);
    }
    help += conclusion;
    return help;
}

}  // namespace exporter::config
