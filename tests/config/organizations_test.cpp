#include "config/fixture.h"
#include "support/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace exporter::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string exposed(const std::optional<SecretSource>& source) {
    return source ? std::string(std::get<base::Secret>(*source).expose()) : "none";
}

TEST(Credentials, ComeFromTheEnvironment) {
    const auto both =
        loaded({}, {{"DD_API_KEY", "a"}, {"DD_APP_KEY", "b\n"}}).organizations.at(0).credentials;
    EXPECT_EQ(exposed(both.api_key), "a");
    EXPECT_EQ(exposed(both.app_key), "b");
    const auto bearer = loaded({}, {{"DD_BEARER_TOKEN", "c"}}).organizations.at(0).credentials;
    EXPECT_EQ(exposed(bearer.bearer_token), "c");
    for (const std::string token : {"ddpat_x_y", "ddsat_x_y"}) {
        const auto alone = loaded({}, {{"DD_APP_KEY", token}}).organizations.at(0).credentials;
        EXPECT_EQ(exposed(alone.app_key), token);
        EXPECT_EQ(exposed(alone.api_key), "none");
    }
}

TEST(Credentials, MayBeMixedFromFilesAndEnvironment) {
    const ScratchDirectory directory;
    const std::string app_key = directory.write("app-key", "needle\n");
    const Config config = loaded({"--datadog.app-key-file=" + app_key}, {{"DD_API_KEY", "a"}});
    EXPECT_EQ(std::get<std::filesystem::path>(*config.organizations.at(0).credentials.app_key), app_key);
}

struct Case {
    std::string name;
    std::vector<std::string> arguments;
    Environment environment;
    std::string line;
};

TEST(Credentials, AreNotShownWhenInvalid) {
    const ScratchDirectory directory;
    const std::string key = directory.write("key", "needle");
    const std::string token = directory.write("token", "ddpat_needle");
    const std::string lines = directory.write("lines", "needle\nneedle");
    const std::string api_file = "--datadog.api-key-file=";
    const std::string app_file = "--datadog.app-key-file=";
    const std::string bearer_file = "--datadog.bearer-token-file=";
    const std::vector<Case> cases = {
        {"none",
         {},
         {},
         "command line: no credentials; a request needs an API key and an application key, or an access "
         "token (ddpat_… or ddsat_…) alone: give DD_API_KEY and DD_APP_KEY, or DD_BEARER_TOKEN, or "
         "--datadog.api-key-file and --datadog.app-key-file, or --datadog.bearer-token-file; --demo needs "
         "none"},
        {"none for a check", {"--check"}, {}, "command line: no credentials"},
        {"empty variables", {}, {{"DD_API_KEY", ""}, {"DD_APP_KEY", ""}}, "command line: no credentials"},
        {"API key alone",
         {},
         {{"DD_API_KEY", "needle"}},
         "DD_API_KEY: the credentials given are: API key; a request needs an API key and an application key, "
         "or an access token (ddpat_… or ddsat_…) alone: give DD_API_KEY and DD_APP_KEY, or DD_BEARER_TOKEN"},
        {"API key file alone",
         {api_file + key},
         {},
         "--datadog.api-key-file: the credentials given are: API key; a request needs"},
        {"application key alone",
         {},
         {{"DD_APP_KEY", "needle"}},
         "DD_APP_KEY: the credentials given are: application key; a request needs an API key and"},
        {"application key file alone",
         {app_file + key},
         {},
         "--datadog.app-key-file: the credentials given are: application key; a request needs an API key "
         "and"},
        {"API key doubled",
         {api_file + key},
         {{"DD_API_KEY", "needle"}, {"DD_APP_KEY", "needle"}},
         "--datadog.api-key-file: the API key is given by DD_API_KEY as well; keep one of them"},
        {"application key doubled",
         {app_file + key},
         {{"DD_API_KEY", "needle"}, {"DD_APP_KEY", "needle"}},
         "--datadog.app-key-file: the application key is given by DD_APP_KEY as well"},
        {"bearer token doubled",
         {bearer_file + token},
         {{"DD_BEARER_TOKEN", "needle"}},
         "--datadog.bearer-token-file: the bearer token is given by DD_BEARER_TOKEN as well"},
        {"bearer token and keys",
         {},
         {{"DD_API_KEY", "needle"}, {"DD_APP_KEY", "needle"}, {"DD_BEARER_TOKEN", "needle"}},
         "DD_API_KEY: the credentials given are: API key, application key, bearer token; a request needs"},
        {"bearer token and API key",
         {},
         {{"DD_API_KEY", "needle"}, {"DD_BEARER_TOKEN", "needle"}},
         "DD_API_KEY: the credentials given are: API key, bearer token; a request needs"},
        {"two lines in a variable",
         {},
         {{"DD_BEARER_TOKEN", "needle\nneedle"}},
         "DD_BEARER_TOKEN: has more than one line, a space, a"},
        {"two lines in a file",
         {bearer_file + lines},
         {},
         "--datadog.bearer-token-file: " + lines + ": has more than one line"},
        {"missing file",
         {app_file + "/nowhere"},
         {},
         "--datadog.app-key-file: /nowhere: can't be read: No such file"},
        {"the key in place of its file",
         {app_file + "needle0123456789needle0123456789"},
         {},
         "--datadog.app-key-file: (not shown: it looks like a key"},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(mistakes_of(c.arguments, c.environment),
                    ElementsAre(AllOf(StartsWith(c.line), Not(HasSubstr("needle")))))
            << c.name;
    }
}

TEST(ConfigCheck, ChecksCredentialsOnlyIfGiven) {
    EXPECT_EQ(loaded({"--config.check"}, {}).mode, Mode::config_check);
    EXPECT_THAT(
        mistakes_of({"--config.check"}, {{"DD_API_KEY", "a"}}),
        ElementsAre(HasSubstr(
            "the credentials given are: API key; a request needs an API key and an application key")));
    EXPECT_THAT(mistakes_of({"--config.check", "--datadog.bearer-token-file=/nowhere"}, {}),
                ElementsAre(HasSubstr("No such file")));
}

TEST(Demo, NeedsNoCredentials) {
    const Config config = loaded({"--demo"}, {});
    EXPECT_TRUE(config.demo.enabled);
    EXPECT_TRUE(config.organizations.empty());
    EXPECT_TRUE(config.warnings.empty());
}

TEST(Demo, WarnsOfUnusedCredentials) {
    const ScratchDirectory directory;
    const std::string file =
        directory.write("x.yaml", "organizations: [{name: a, bearer_token_file: /nowhere}]\n");
    const Config config =
        loaded({"--demo", "--datadog.app-key-file=/nowhere", "--config.file=" + file}, keys());
    EXPECT_TRUE(config.organizations.empty());
    EXPECT_THAT(config.warnings,
                ElementsAre("--demo: polling a simulated organization; not used: DD_API_KEY, DD_APP_KEY, "
                            "--datadog.app-key-file, the file's organizations"));
}

TEST(Organization, PrefersLowerCaseProxyVariables) {
    const auto proxy = [](const Environment& more) {
        const auto organization = loaded({}, keys_and(more)).organizations.at(0);
        return organization.proxy ? organization.proxy->host : "none";
    };
    EXPECT_EQ(proxy({}), "none");
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://upper:1"}}), "upper");
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://upper:1"}, {"https_proxy", "http://lower:1"}}), "lower");
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://upper:1"}, {"https_proxy", ""}}), "upper");
    EXPECT_EQ(proxy({{"ALL_PROXY", "http://all:1"}}), "all");
    EXPECT_EQ(proxy({{"HTTP_PROXY", "http://plain:1"}}), "none");
    EXPECT_EQ(proxy({{"HTTPS_PROXY", "http://upper:1"}, {"no_proxy", "datadoghq.com"}}), "none");
}

class FileOrganizations : public testing::Test {
  protected:
    std::string config(const std::string& text) const {
        return "--config.file=" + directory_.write("x.yaml", text);
    }
    /// Start of a message about this line.
    std::string line(int number) const {
        return directory_.at("x.yaml") + ":" + std::to_string(number) + ": ";
    }

    const ScratchDirectory directory_;
    const std::string api_key_ = directory_.write("production/api-key", "needle\n");
    const std::string app_key_ = directory_.write("production/app-key", "needle\n");
    const std::string token_ = directory_.write("sandbox/token", "ddsat_needle\n");
};

TEST_F(FileOrganizations, HaveTheirOwnSettings) {
    const Config result = loaded({config("organizations:\n"
                                         "  - name: production\n"
                                         "    site: datadoghq.eu\n"
                                         "    api_key_file: " +
                                         api_key_ +
                                         "\n"
                                         "    app_key_file: " +
                                         app_key_ +
                                         "\n"
                                         "  - name: sandbox\n"
                                         "    bearer_token_file: " +
                                         token_ +
                                         "\n"
                                         "    owned_by: [\"00000000-0000-0000-2345-000000000000\"]\n"
                                         "    filter: ci\n"
                                         "poll: {interval: 10m}\n")},
                                 {});
    ASSERT_EQ(result.organizations.size(), 2U);
    EXPECT_EQ(result.poll.interval, std::chrono::minutes(10));
    const Organization& production = result.organizations[0];
    EXPECT_EQ(production.name, "production");
    EXPECT_EQ(production.site, "datadoghq.eu");
    EXPECT_EQ(production.endpoint.url(), "https://api.datadoghq.eu");
    EXPECT_EQ(std::get<std::filesystem::path>(*production.credentials.api_key), api_key_);
    EXPECT_EQ(std::get<std::filesystem::path>(*production.credentials.app_key), app_key_);
    const Organization& sandbox = result.organizations[1];
    EXPECT_EQ(sandbox.name, "sandbox");
    EXPECT_EQ(sandbox.site, "datadoghq.com");
    EXPECT_EQ(std::get<std::filesystem::path>(*sandbox.credentials.bearer_token), token_);
    EXPECT_THAT(sandbox.owned_by, ElementsAre("00000000-0000-0000-2345-000000000000"));
    EXPECT_EQ(sandbox.filter, "ci");
}

TEST_F(FileOrganizations, ResolvePathsFromTheirFile) {
    directory_.write("roots.pem", support::Authority("root").certificate());
    const Config result = loaded({config("organizations: [{name: a, bearer_token_file: sandbox/token}]\n"
                                         "datadog: {ca_file: roots.pem}\n")},
                                 {});
    EXPECT_EQ(std::get<std::filesystem::path>(*result.organizations.at(0).credentials.bearer_token), token_);
    EXPECT_EQ(result.ca_file, directory_.at("roots.pem"));
    const Config single = loaded({config("datadog: {bearer_token_file: sandbox/token}\n")}, {});
    EXPECT_EQ(std::get<std::filesystem::path>(*single.organizations.at(0).credentials.bearer_token), token_);
}

TEST_F(FileOrganizations, DefaultToDdSite) {
    const Config result =
        loaded({config("organizations:\n"
                       "- {name: a, bearer_token_file: sandbox/token}\n"
                       "- {name: b, bearer_token_file: sandbox/token, site: datadoghq.com}\n"
                       "- {name: c, bearer_token_file: sandbox/token, base_url: \"https://c\"}\n")},
               {{"DD_SITE", "datadoghq.eu"}});
    EXPECT_EQ(result.organizations.at(0).site, "datadoghq.eu");
    EXPECT_EQ(result.organizations.at(1).site, "datadoghq.com");
    EXPECT_EQ(result.organizations.at(2).endpoint.url(), "https://c");
}

struct FileCase {
    std::string text;
    int line;
    std::string rest;
};

TEST_F(FileOrganizations, ReportMistakesWithTheirLine) {
    const std::string good = "bearer_token_file: sandbox/token";
    const std::vector<FileCase> cases = {
        {"organizations:\n- {" + good + "}\n", 2, "organizations[0]: \"\" is not a valid name; set name:"},
        {"organizations:\n- {name: '', " + good + "}\n", 2,
         "organizations[0].name: \"\" is not a valid name"},
        {"organizations:\n- {name: a b, " + good + "}\n", 2,
         "organizations[0].name: \"a b\" is not a valid name"},
        {"organizations:\n- {name: " + std::string(65, 'x') + ", " + good + "}\n", 2,
         "organizations[0].name: \"xxx"},
        {"organizations:\n- {name: a, " + good + "}\n- {name: a, " + good + "}\n", 3,
         "organizations[1].name: \"a\" is also the name of another organization (" + directory_.at("x.yaml") +
             ":2: organizations[0].name)"},
        {"organizations:\n- name: a\n  site: us5\n  " + good + "\n", 3,
         "organizations[0].site: \"us5\" is not a Datadog"},
        {"organizations:\n- name: a\n  site: us5.datadohq.com\n  " + good + "\n", 3,
         "organizations[0].site: \"us5.datadohq.com\" is not a Datadog site; did you mean "
         "us5.datadoghq.com?"},
        {"organizations:\n- name: a\n  site: <site>\n  " + good + "\n", 3,
         "organizations[0].site: \"<site>\" is a placeholder"},
        {"organizations:\n- name: a\n  base_url: ftp://x\n  " + good + "\n", 3,
         "organizations[0].base_url: \"ftp://x\" is not"},
        {"organizations:\n- name: a\n  site: datadoghq.eu\n  base_url: https://a\n  " + good + "\n", 4,
         "organizations[0].base_url: " + directory_.at("x.yaml") +
             ":3: organizations[0].site is given as well"},
        {"organizations:\n- name: a\n  api_key: needle\n  " + good + "\n", 3,
         "organizations[0].api_key: unknown key; did you mean api_key_file?"},
        {"organizations:\n- name: a\n  name: b\n  " + good + "\n", 3, "organizations[0].name: appears twice"},
        {"organizations:\n- name: a\n", 2,
         "organizations[0]: no credentials; a request needs an API key and an application key, or an access "
         "token (ddpat_… or ddsat_…) alone: give api_key_file and app_key_file, or bearer_token_file"},
        {"organizations:\n- name: a\n  api_key_file: production/api-key\n", 3,
         "organizations[0].api_key_file: the credentials given are: API key; a request needs"},
        {"organizations:\n- name: a\n  app_key_file: production/app-key\n", 3,
         "organizations[0].app_key_file: the credentials given are: application key; a request needs"},
        {"organizations:\n- name: a\n  " + good + "\n  app_key_file: production/app-key\n", 4,
         "organizations[0].app_key_file: the credentials given are: application key, bearer token; a "
         "request"},
        {"organizations:\n- name: a\n  bearer_token_file: nowhere\n", 3,
         "organizations[0].bearer_token_file: " + directory_.at("nowhere") + ": can't be read: No such file"},
        {"organizations:\n- name: a\n  bearer_token_file: [a]\n", 3,
         "organizations[0].bearer_token_file: takes a single value"},
        {"organizations:\n- name: a\n  owned_by: {a: b}\n  " + good + "\n", 3,
         "organizations[0].owned_by: takes a value or a list of values"},
        {"poll: {}\norganizations: []\n", 2, "organizations: takes a list of at least one organization"},
        {"poll: {}\norganizations: {name: a}\n", 2,
         "organizations: takes a list of at least one organization"},
        {"poll: {}\norganizations:\n", 2, "organizations: takes a list of at least one organization"},
    };
    for (const FileCase& c : cases) {
        EXPECT_THAT(mistakes_of({config(c.text)}, {}),
                    testing::Contains(AllOf(StartsWith(line(c.line) + c.rest), Not(HasSubstr("needle")))))
            << c.text;
    }
}

TEST_F(FileOrganizations, ExcludeSingleOrganizationOptions) {
    const std::string file = config("organizations: [{name: a, bearer_token_file: sandbox/token}]\n");
    const std::vector<std::string> flags = {"--datadog.site=datadoghq.eu",
                                            "--datadog.base-url=https://a",
                                            "--datadog.api-key-file=" + api_key_,
                                            "--datadog.app-key-file=" + app_key_,
                                            "--datadog.bearer-token-file=" + token_,
                                            "--tokens.filter=x",
                                            "--tokens.owned-by=x"};
    for (const std::string& flag : flags) {
        EXPECT_THAT(mistakes_of({file, flag}, {}),
                    ElementsAre(AllOf(StartsWith(flag.substr(0, flag.find('=')) +
                                                 ": the configuration file lists organizations"),
                                      HasSubstr("in the entry of the organization it is for"))));
    }
    for (const std::string name : {"DD_API_KEY", "DD_APP_KEY", "DD_BEARER_TOKEN"}) {
        EXPECT_THAT(
            mistakes_of({file}, {{name, "needle"}}),
            ElementsAre(
                AllOf(StartsWith(name +
                                 ": the configuration file lists organizations; remove this and set it in "
                                 "the entry of the organization it is for, a secret as the path of its file"),
                      Not(HasSubstr("needle")))));
    }
    EXPECT_THAT(
        mistakes_of({file}, {{"DATADOG_TOKEN_EXPORTER_TOKENS_FILTER", "x"}}),
        ElementsAre(StartsWith("DATADOG_TOKEN_EXPORTER_TOKENS_FILTER: the configuration file lists")));
}

TEST_F(FileOrganizations, MayReachPlainHttpWhereItIsAllowed) {
    const std::string file = config(
        "organizations: [{name: a, bearer_token_file: sandbox/token, base_url: 'http://proxy:8080'}]\n");
    EXPECT_THAT(mistakes_of({file}, {}), ElementsAre(HasSubstr("would send the credentials unencrypted")));
    EXPECT_EQ(loaded({file, "--datadog.allow-insecure-http"}, {}).organizations.at(0).endpoint.url(),
              "http://proxy:8080");
}

}  // namespace
}  // namespace exporter::config
