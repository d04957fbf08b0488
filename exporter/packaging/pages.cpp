// Generates from the option table what the package contains: the manual page, and the completions for bash
// and zsh. The build runs it:
//
//   exporter_pages man|bash|zsh FILE
#include "config/load.h"
#include "config/options.h"
#include "inventory/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using exporter::config::may_lack_value;
using exporter::config::Option;

/// Replaces the first character of each pair with the pair's text.
std::string replaced(std::string_view text,
                     std::initializer_list<std::pair<char, std::string_view>> replacements) {
    std::string result;
    for (const char c : text) {
        const auto* const found =
            std::find_if(replacements.begin(), replacements.end(),
                         [&](const auto& replacement) { return replacement.first == c; });
        found == replacements.end() ? result.push_back(c) : static_cast<void>(result += found->second);
    }
    return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.push_back(text.substr(0, end));
        if (end == text.size()) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

bool names_a_file(const Option& option) {
    return option.form.name == "FILE";
}

/// The values that can be listed: choices, which are written in lower case, and findings for `--list`.
std::vector<std::string_view> choices(const Option& option) {
    if (option.flag == "list") {
        std::vector<std::string_view> reasons;
        for (const auto& row : exporter::inventory::findings()) {
            reasons.push_back(row.reason);
        }
        return reasons;
    }
    std::vector<std::string_view> words = split(option.form.name, '|');
    std::erase_if(words, [](std::string_view word) {
        return word.empty() || std::islower(static_cast<unsigned char>(word.front())) == 0;
    });
    return words;
}

std::string range_text(const Option& option) {
    return option.form.most == 0 ? "" : fmt::format("{} to {}", option.form.least, option.form.most);
}

// Manual page.

/// Escapes text for roff, so that no character has a special meaning.
std::string roff(std::string_view text) {
    return replaced(text, {{'\\', "\\e"},
                           {'-', "\\-"},
                           {'\'', "\\(aq"},
                           {'`', "\\(ga"},
                           {'^', "\\(ha"},
                           {'~', "\\(ti"},
                           {'"', "\\(dq"}});
}

/// Escapes a line so that it is text, not a request.
std::string roff_line(std::string_view text) {
    return (text.starts_with('.') ? "\\&" : "") + roff(text);
}

/// Lines that begin with two blanks keep their form; others become paragraphs.
std::string roff_text(std::string_view text) {
    std::string page;
    bool is_literal = false;
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("  ") != is_literal) {
            is_literal = !is_literal;
            page += is_literal ? ".PP\n.nf\n" : ".fi\n.PP\n";
        }
        page += line.empty() ? ".PP" : roff_line(line);
        page += '\n';
    }
    constexpr std::string_view doubled = ".PP\n.PP\n";
    for (std::size_t at = page.find(doubled); at != std::string::npos; at = page.find(doubled)) {
        page.erase(at, doubled.size() / 2);
    }
    while (page.starts_with(".PP\n")) {
        page.erase(0, 4);
    }
    while (page.ends_with("\n.PP\n")) {
        page.resize(page.size() - 4);
    }
    return is_literal ? page + ".fi\n" : page;
}

std::string property(std::string_view name, const std::string& value) {
    // A list may be long: allow breaks after its commas.
    return value.empty() ? "" : fmt::format(".br\n{}: {}\n", name, replaced(roff(value), {{',', ",\\:"}}));
}

std::string manual_entry(const Option& option) {
    using namespace exporter::config;
    std::string entry = fmt::format(".TP\n\\fB\\-\\-{}\\fR", roff(option.flag));
    if (!option.form.name.empty()) {
        entry +=
            may_lack_value(option)
                ? fmt::format("[=\\fI{}\\fR]", roff(option.form.name.substr(1, option.form.name.size() - 2)))
                : fmt::format(" \\fI{}\\fR", roff(option.form.name));
    }
    entry += fmt::format("\n{}{}\n", roff_line(option.help),
                         is_list(option) ? " Comma\\-separated or repeated." : "");
    entry += property("Range", range_text(option));
    entry += property("Default", default_text(option));
    entry += property("Environment", has_variable(option) ? environment_variable(option) : "");
    if (has_yaml_key(option)) {
        const std::string below = organization_key(option);
        entry +=
            property("Key", yaml_path(option) +
                                (below.empty() ? "" : fmt::format(", or {} below organizations", below)));
    }
    return entry;
}

/// The text of `--help` before the first option and after the last one.
std::pair<std::string, std::string> around_the_options() {
    const std::string help = exporter::config::help_text();
    const std::string first =
        fmt::format("\n\n{}:\n", exporter::config::options().front().heading);  // heading of the first group
    const std::size_t introduction_end = help.find(first);
    const std::size_t introduction = help.find("\n\n") + 2;  // after the usage line
    const std::size_t conclusion = help.find("\nExit status: ");
    if (introduction_end == std::string::npos || conclusion == std::string::npos ||
        introduction > introduction_end) {
        throw std::runtime_error("--help has another form than this program knows");
    }
    return {help.substr(introduction, introduction_end - introduction), help.substr(conclusion + 1)};
}

std::string manual_page() {
    const auto [introduction, conclusion] = around_the_options();
    const std::size_t examples = conclusion.find("Examples:\n");
    std::string page =
        ".\\\" Made from exporter/config/options.cpp.\n"
        ".TH DATADOG_TOKEN_EXPORTER 1 \"\" \"datadog_token_exporter " EXPORTER_VERSION
        "\" \"User Commands\"\n"
        ".nh\n.ad l\n"
        ".SH NAME\ndatadog_token_exporter \\- Prometheus exporter for Datadog access tokens\n"
        ".SH SYNOPSIS\n.B datadog_token_exporter\n[\\fIflags\\fR]\n"
        ".SH DESCRIPTION\n";
    page += roff_text(introduction);
    page += ".SH OPTIONS\n";
    for (const Option& option : exporter::config::options()) {
        if (!option.heading.empty()) {
            page += fmt::format(".SS {}\n", roff(option.heading));
        }
        page += manual_entry(option);
    }
    page += ".SH \"EXIT STATUS\"\n" +
            roff_text(conclusion.substr(std::string_view("Exit status: ").size(),
                                        examples - std::string_view("Exit status: ").size()));
    page +=
        ".SH EXAMPLES\n" + roff_text(conclusion.substr(examples + std::string_view("Examples:\n").size()));
    page += R"(.SH FILES
.TP
.I /etc/datadog\-token\-exporter/config.yaml
What datadog\-token\-exporter.service reads as \fB\-\-config.file\fR.
.TP
.I /etc/datadog\-token\-exporter/api\-key\fR, \fI/etc/datadog\-token\-exporter/app\-key
The service's keys.
.TP
.I /etc/default/datadog\-token\-exporter
The service's environment.
.TP
.I /var/lib/datadog\-token\-exporter/state
The service's \fB\-\-state.file\fR.
.TP
.I /usr/share/datadog\-token\-exporter
Prometheus rules, Grafana dashboards and a runbook for each alert.
.SH "SEE ALSO"
.BR datadog\-token\-exporter\-run (1),
.BR systemd.exec (5)
)";
    return page;
}

// Shell completions.

std::string words_of(const Option& option) {
    return fmt::format("{}", fmt::join(choices(option), " "));
}

std::string bash_completion() {
    std::string cases;
    std::string files;
    std::string values;
    std::string flags;
    for (const Option& option : exporter::config::options()) {
        const std::string flag = fmt::format("--{}", option.flag);
        flags += fmt::format("        {}\n", flag);
        if (const std::string words = words_of(option); !words.empty()) {
            // A list can continue after a comma.
            const std::string complete =
                fmt::format("_datadog_token_exporter_words {} {}",
                            is_list(option) || option.flag == "list" ? "list" : "one", words);
            cases +=
                may_lack_value(option)
                    ? fmt::format(
                          "        {})\n            case $word in\n                -*) ;;\n"
                          "                *)\n                    {}\n                    return ;;\n"
                          "            esac ;;\n",
                          flag, complete)
                    : fmt::format("        {})\n            {}\n            return ;;\n", flag, complete);
        } else if (names_a_file(option)) {
            files += (files.empty() ? "" : " | ") + flag;
        } else if (!option.form.name.empty() && !may_lack_value(option)) {
            values += (values.empty() ? "" : " | ") + flag;
        }
    }
    return R"(# bash completion for datadog_token_exporter. Made from exporter/config/options.cpp.

# Completes $word by one of the words; list: the part of it behind the last comma.
_datadog_token_exporter_words() {
    local list=$1 before=
    shift
    case $list$word in
        list*,*) before=${word%,*}, ;;
    esac
    local candidate
    for candidate in "$@"; do
        case $before$candidate in
            "$word"*) COMPREPLY+=("$before$candidate") ;;
        esac
    done
}

_datadog_token_exporter() {
    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]}
    # The = of --flag=value is a word of its own to bash.
    if [ "$word" = = ]; then
        word=
    elif [ "$flag" = = ]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    case $flag in
)" + cases +
           "        " + files +
           ")\n            compopt -o filenames 2>/dev/null\n            local IFS=$'\\n'\n" +
           "            COMPREPLY=($(compgen -f -- \"$word\"))\n            return ;;\n        " + values +
           ")\n            return ;;\n" +
           R"(    esac
    COMPREPLY=($(compgen -W "
)" + flags +
           R"(    " -- "$word"))
}

complete -F _datadog_token_exporter datadog_token_exporter datadog-token-exporter-run
)";
}

/// For a _arguments specification in single quotation marks, in zsh.
std::string zsh_text(std::string_view text) {
    return replaced(text, {{'\\', "\\\\"}, {'\'', "'\\''"}, {'[', "\\["}, {']', "\\]"}, {':', "\\:"}});
}

std::string zsh_specification(const Option& option) {
    // `--flag=value` and `--flag value`; if the value is optional, only the former.
    const std::string_view equals = option.form.name.empty() ? "" : may_lack_value(option) ? "=-" : "=";
    const std::string_view repeated = exporter::config::is_list(option) ? "*" : "";
    std::string specification =
        fmt::format("{}--{}{}[{}]", repeated, option.flag, equals, zsh_text(option.help));
    if (option.form.name.empty()) {
        return specification;
    }
    specification += fmt::format("{}{}:", may_lack_value(option) ? "::" : ":", zsh_text(option.form.name));
    if (const std::string words = words_of(option); !words.empty()) {
        specification += option.flag == "list" ? fmt::format("_values -s , finding {}", words)
                                               : fmt::format("({})", words);
    } else if (names_a_file(option)) {
        specification += "_files";
    }
    return specification;
}

std::string zsh_completion() {
    std::string script =
        "#compdef datadog_token_exporter datadog-token-exporter-run\n"
        "# Made from exporter/config/options.cpp.\n\n_arguments";
    for (const Option& option : exporter::config::options()) {
        script += fmt::format(" \\\n    '{}'", zsh_specification(option));
    }
    return script + "\n";
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view page = argc == 3 ? argv[1] : "";
        const std::string text = page == "man"    ? manual_page()
                                 : page == "bash" ? bash_completion()
                                 : page == "zsh"  ? zsh_completion()
                                                  : "";
        if (text.empty()) {
            fmt::print(stderr, "usage: exporter_pages man|bash|zsh FILE\n");
            return EXIT_FAILURE;
        }
        std::ofstream file(argv[2]);
        file << text << std::flush;
        return file ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception& exception) {
        fmt::print(stderr, "exporter_pages: {}\n", exception.what());
        return EXIT_FAILURE;
    }
}
