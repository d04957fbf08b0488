#include "config/help.h"

#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace exporter::config {
namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t help_indent = 6;

constexpr std::string_view introduction = R"(Usage: datadog_token_exporter [flags]

Exports to Prometheus what access tokens a Datadog organization holds: how many, whose, what they may
do, when they expire, which are unused.

Every flag is also an environment variable (--poll.interval is DATADOG_TOKEN_EXPORTER_POLL_INTERVAL)
and a key of the YAML file that --config.file names (poll: {interval: 10m}; - becomes _). A flag beats
the environment, the environment beats the file, the file beats the default. Durations are written like
90s, 5m, 1h30m or 7d.

Credentials come from the environment or from files, never from a flag:
  DD_API_KEY and DD_APP_KEY   an API key and an application key
  DD_APP_KEY alone            an access token (ddpat_..., ddsat_...)
  DD_BEARER_TOKEN             an access token, sent as bearer token
The credentials need one of the permissions org_app_keys_read and user_app_keys; the latter alone most
likely shows the caller's own tokens only.
HTTPS_PROXY, ALL_PROXY and NO_PROXY are heeded.
)";

constexpr std::string_view conclusion = R"(
Exit status: 0 all went well; 1 a check, a poll or the server failed; 2 the configuration is wrong.

Examples:
  datadog_token_exporter --demo
  DD_API_KEY=... DD_APP_KEY=... datadog_token_exporter --datadog.site=datadoghq.eu --check
  datadog_token_exporter --config.file=/etc/datadog_token_exporter.yaml
)";

/// Where a line of at most `width` ends: behind a blank or a comma if there is one.
std::size_t line_end(std::string_view text, std::size_t width) {
    if (text.size() <= width) {
        return text.size();
    }
    const std::size_t blank = text.rfind(' ', width);
    const std::size_t comma = text.rfind(',', width - 1);
    const std::size_t after_blank = blank == std::string_view::npos ? 0 : blank + 1;
    const std::size_t after_comma = comma == std::string_view::npos ? 0 : comma + 1;
    const std::size_t end = std::max(after_blank, after_comma);
    return end == 0 ? width : end;
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
    help += fmt::format("  --{}{}{}\n", option.flag, option.value_name.empty() ? "" : " ", option.value_name);
    std::string text(option.help);
    if (option.kind == OptionKind::list) {
        text += " Comma-separated or repeated.";
    }
    if (!option.fallback.empty()) {
        text += fmt::format(" Default: {}", option.fallback);
    }
    append_wrapped(help, text);
}

}  // namespace

std::string help_text() {
    std::string help(introduction);
    std::string_view group;
    for (const Option& option : options()) {
        if (option.group != group) {
            group = option.group;
            help += fmt::format("\n{}:\n", group);
        }
        append_option(help, option);
    }
    help += conclusion;
    return help;
}

}  // namespace exporter::config
