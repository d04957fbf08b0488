#include "base/nearest_name.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

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

/// Whether the argument is written like a flag; `-` and negative numbers are values.
bool is_like_a_flag(std::string_view argument) {
    return argument.size() > 1 && argument.front() == '-' && !base::is_digit(argument[1]);
}

/// Cuts arguments into flags and values.
class CommandLine {
  public:
    CommandLine(const std::vector<std::string>& arguments, base::MistakeLines& mistakes)
        : arguments_(arguments), mistakes_(mistakes) {}

    [[nodiscard]] base::Settings read() {
        while (next_ < arguments_.size()) {
            const std::string& argument = arguments_[next_++];
            if (argument == "--") {
                stray_ += arguments_.size() - std::exchange(next_, arguments_.size());
            } else if (is_like_a_flag(argument)) {
                read_flag(argument);
            } else {
                ++stray_;
            }
        }
        drop_repeated();
        if (stray_ > 0) {
            mistakes_.push_back(fmt::format(
                "command line: {} argument{} belong{} to no flag; write everything as --flag value "
                "or --flag=value",
                stray_, stray_ == 1 ? "" : "s", stray_ == 1 ? "s" : ""));
        }
        return std::move(settings_);
    }

  private:
    void read_flag(std::string_view argument) {
        const std::size_t equals = std::min(argument.find('='), argument.size());
        const std::string_view written = argument.substr(0, equals);
        const std::string_view name =
            written.substr(std::min(written.find_first_not_of('-'), written.size()));
        const bool is_known_form = written == "-h" || written.size() == name.size() + 2;
        const Option* const option = is_known_form ? find_option(written == "-h" ? "help" : name) : nullptr;
        std::optional<std::string> value;
        if (equals < argument.size()) {
            value = argument.substr(equals + 1);
        } else if (option == nullptr || !option->form.name.empty()) {
            value = next_value();
        }
        if (option == nullptr) {
            mistakes_.push_back(fmt::format("{}{}: unknown flag{}",
                                            written.substr(0, written.size() - name.size()),
                                            base::shown_name(name), advice_for_unknown(name)));
        } else {
            take(*option, std::move(value));
        }
    }

    /// The next argument, if it can be a value.
    std::optional<std::string> next_value() {
        const bool is_one = next_ < arguments_.size() && !is_like_a_flag(arguments_[next_]);
        return is_one ? std::optional(arguments_[next_++]) : std::nullopt;
    }

    void take(const Option& option, std::optional<std::string> value) {
        const std::string place = fmt::format("--{}", option.flag);
        if (option.form.name.empty() && value.value_or("").empty()) {
            value = "true";
        } else if (option.form.name.starts_with('[')) {
            value = value.value_or("");
        } else if (!value) {
            add_once(mistakes_, fmt::format("{}: needs a value: {} {}", place, place, option.form.name));
            return;
        }
        auto& setting = settings_.try_emplace(std::string(option.flag)).first->second;
        setting.place = place;
        setting.values.push_back(*std::move(value));
    }

    void drop_repeated() {
        std::erase_if(settings_, [this](const auto& entry) {
            const auto& [flag, setting] = entry;
            const Option& option = *find_option(flag);
            const bool is_wrong = setting.values.size() > 1 && option.member != nullptr && !is_list(option);
            if (is_wrong) {
                mistakes_.push_back(
                    fmt::format("{}: given {} times; give it once", setting.place, setting.values.size()));
            }
            return is_wrong;
        });
    }

    const std::vector<std::string>& arguments_;
    base::MistakeLines& mistakes_;
    std::size_t next_ = 0;
    std::size_t stray_ = 0;
    base::Settings settings_;
};

}  // namespace

base::Settings read_command_line(const std::vector<std::string>& arguments, base::MistakeLines& mistakes) {
    return CommandLine(arguments, mistakes).read();
}

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
