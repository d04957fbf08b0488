#include "config/load.h"
#include "config/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <variant>

namespace exporter::config {
namespace {

std::string information(const std::vector<std::string>& arguments) {
    const Outcome outcome = load(arguments, {}, "version text");
    const auto* information = std::get_if<Information>(&outcome);
    EXPECT_NE(information, nullptr);
    return information == nullptr ? "" : information->text;
}

TEST(Help, NamesEveryOptionWithItsDefault) {
    const std::string help = information({"--help"});
    std::string without_line_ends = help;
    const auto is_blank = [](char c) { return c == ' ' || c == '\n'; };
    without_line_ends.erase(std::remove_if(without_line_ends.begin(), without_line_ends.end(), is_blank),
                            without_line_ends.end());
    for (const Option& option : options()) {
        const std::string name(option.form.name);
        const std::string line =
            "\n  --" + std::string(option.flag) + (name.empty() ? "" : " " + name) + "\n";
        EXPECT_NE(help.find(line), std::string::npos) << line;
        if (!option.heading.empty()) {
            EXPECT_NE(help.find("\n\n" + std::string(option.heading) + ":" + line), std::string::npos)
                << line;
        }
        if (const std::string value = default_text(option); !value.empty()) {
            EXPECT_NE(without_line_ends.find("Default:" + value), std::string::npos) << option.flag;
        }
    }
}

TEST(Help, CoversSecretsExitStatusesAndVariables) {
    const std::string help = information({"--help"});
    for (const std::string text :
         {"DD_API_KEY", "DD_APP_KEY", "DD_BEARER_TOKEN", "DATADOG_TOKEN_EXPORTER_POLL_INTERVAL",
          "Exit status: 0 ", "1 a check", "2 the configuration", "Examples:", "--demo"}) {
        EXPECT_NE(help.find(text), std::string::npos) << text;
    }
}

TEST(Help, FitsATerminal) {
    std::istringstream lines(information({"--help"}));
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 105U) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
}

TEST(Help, OverridesMistakes) {
    EXPECT_EQ(information({"-h"}), information({"--help"}));
    EXPECT_EQ(information({"--poll.interval=x", "--help", "--nonsense"}), information({"--help"}));
}

TEST(Version, IsTheGivenText) {
    EXPECT_EQ(information({"--version"}), "version text");
}

TEST(Options, HaveUniqueFlagsAndVariables) {
    std::set<std::string> flags;
    std::set<std::string> variables;
    for (const Option& option : options()) {
        EXPECT_TRUE(flags.emplace(option.flag).second) << option.flag;
        EXPECT_TRUE(variables.insert(environment_variable(option)).second) << option.flag;
        EXPECT_FALSE(option.help.empty());
        EXPECT_TRUE(option.help.ends_with('.') || option.help.ends_with(')')) << option.help;
    }
}

TEST(Options, AreNamedByOneRule) {
    const auto& stale_after = *std::find_if(options().begin(), options().end(), [](const Option& option) {
        return option.flag == "poll.stale-after";
    });
    EXPECT_EQ(environment_variable(stale_after), "DATADOG_TOKEN_EXPORTER_POLL_STALE_AFTER");
    EXPECT_EQ(yaml_path(stale_after), "poll.stale_after");
}

TEST(PrivilegedScopes, AreDistinct) {
    const auto scopes = default_privileged_scopes();
    EXPECT_EQ(std::set<std::string>(scopes.begin(), scopes.end()).size(), scopes.size());
    EXPECT_NE(std::find(scopes.begin(), scopes.end(), "org_management"), scopes.end());
}

}  // namespace
}  // namespace exporter::config
