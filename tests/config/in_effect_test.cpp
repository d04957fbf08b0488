#include "config/fixture.h"
#include "config/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace exporter::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string durations(const std::vector<base::Duration>& list) {
    std::string text;
    for (const base::Duration duration : list) {
        text += base::format_duration(duration) + " ";
    }
    return text;
}

std::string addresses(const std::vector<ListenAddress>& list) {
    std::string text;
    for (const ListenAddress& address : list) {
        text += fmt::format("<{}|{}|{}>", address.host, address.port, address.unix_path);
    }
    return text;
}

std::string source(const std::optional<SecretSource>& source) {
    if (!source) {
        return "none";
    }
    const auto* path = std::get_if<std::filesystem::path>(&*source);
    return path == nullptr ? "value " + std::string(std::get<base::Secret>(*source).expose())
                           : path->string();
}

std::string describe(const Organization& o) {
    return fmt::format("{} {} {} proxy {} {} {} {} filter {} owners {}\n", o.name, o.site, o.endpoint.url(),
                       o.proxy ? o.proxy->host + o.proxy->user : "none", source(o.credentials.api_key),
                       source(o.credentials.app_key), source(o.credentials.bearer_token), o.filter,
                       fmt::join(o.owned_by, "|"));
}

/// Every setting in a configuration, secrets included.
std::string describe(const Config& c) {
    std::string text =
        fmt::format("mode {} ca {} once {} demo {} {} {}\n", static_cast<int>(c.mode), c.ca_file.string(),
                    c.once_output, c.demo.enabled, c.demo.tokens, c.demo.seed);
    for (const Organization& organization : c.organizations) {
        text += describe(organization);
    }
    text += fmt::format("bounds {} {}\n", c.poll.max_tokens, c.poll.max_scopes);
    text += fmt::format(
        "poll {} {} {} {} {} {} state {} shard {} {}\n", base::format_duration(c.poll.interval),
        base::format_duration(c.poll.timeout), base::format_duration(c.poll.stale_after), c.poll.page_size,
        c.poll.rate_limit_reserve, c.poll.concurrency, c.state_file.string(), c.shard.index, c.shard.count);
    text += fmt::format("buckets {}; {}; {}\n", durations(c.buckets.expiry), durations(c.buckets.last_used),
                        durations(c.buckets.age));
    text += fmt::format("scopes {} {}\n", c.scopes.limit, fmt::join(c.scopes.privileged, "|"));
    text += fmt::format("policy {} {} tokens {} {} log {} {}\n", base::format_duration(c.policy.max_lifetime),
                        base::format_duration(c.policy.max_idle), static_cast<int>(c.tokens.detail),
                        c.tokens.detail_limit, static_cast<int>(c.log.level), static_cast<int>(c.log.format));
    return text + fmt::format("web {} {} {} {} {} {} {} {} {}\n", addresses(c.web.listen_addresses),
                              addresses(c.web.probe_listen_addresses), c.web.systemd_socket,
                              c.web.config_file.string(), static_cast<int>(c.web.world_readable),
                              c.web.telemetry_path, c.web.max_connections, c.web.max_connections_per_address,
                              c.web.max_scrapes);
}

std::string in_single_quotes(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c == '\'' ? std::string("''") : std::string(1, c);
    }
    return quoted + "'";
}

class InEffect : public testing::Test {
  protected:
    /// Loads it again as the only file, along with the variables that hold secrets.
    [[nodiscard]] Config read_again(const Config& config, Environment environment) const {
        std::erase_if(environment,
                      [](const auto& entry) { return entry.first.starts_with("DATADOG_TOKEN_EXPORTER_"); });
        return loaded({"--config.file=" + directory_.write("again/x.yaml", config.in_effect)}, environment);
    }

    const ScratchDirectory directory_;
};

TEST_F(InEffect, IsAFileWithEveryDefault) {
    const Config config = loaded({});
    for (const std::string line :
         {"\n# Datadog\ndatadog.site: datadoghq.com\ndatadog.base_url: \"\"\n",
          "\n# datadog.api_key_file: <secret>, from the environment\n",
          "\n# Tokens\ntokens.filter: \"\"\ntokens.owned_by: []\ntokens.detail: none\n",
          "\n# Polling\npoll.interval: 5m\n", "\nbuckets.expiry: [1d, 7d, 30d, 90d, 365d]\n",
          "\nweb.listen_address: [\":10077\"]\n", "\nweb.max_connections_per_address: 256\n",
          "\ndemo: false\ndemo.tokens: 400\n"}) {
        EXPECT_THAT(config.in_effect, HasSubstr(line));
    }
    EXPECT_EQ(describe(read_again(config, keys())), describe(config));
}

TEST_F(InEffect, HasEveryOptionThatAFileCanHave) {
    const std::string token = directory_.write("token", "ddpat_needle");
    std::string text = loaded({"--datadog.bearer-token-file=" + token}, {}).in_effect;
    for (const Option& option : options()) {
        if (has_yaml_key(option)) {
            EXPECT_THAT(text, HasSubstr("\n" + yaml_path(option) + ": "));
        }
    }
}

TEST_F(InEffect, NamesTheSourceOfNonDefaults) {
    const std::string file = directory_.write("x.yaml", "scopes:\n  limit: 7\n");
    const Environment environment =
        keys_and({{"DATADOG_TOKEN_EXPORTER_POLL_INTERVAL", "10m"}, {"DD_SITE", "datadoghq.eu"}});
    const std::string text = loaded({"--config.file=" + file, "--log.level=debug"}, environment).in_effect;
    for (const std::string& line :
         {"# The file that was read (--config.file): " + file + "\n",
          std::string("\ndatadog.site: datadoghq.eu  # DD_SITE\n"),
          std::string("\npoll.interval: 10m  # DATADOG_TOKEN_EXPORTER_POLL_INTERVAL\n"),
          "\nscopes.limit: 7  # " + file + ":2\n", std::string("\nlog.level: debug  # --log.level\n"),
          std::string("\nlog.format: logfmt\n")}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST_F(InEffect, ShowsTheIndexFromThePodName) {
    const Environment pod = keys_and({{"POD_NAME", "exporter-2"}});
    const Config config = loaded({"--shard.index=pod-name", "--shard.count=3"}, pod);
    EXPECT_THAT(config.in_effect,
                HasSubstr("\nshard.count: 3  # --shard.count\nshard.index: 2  # --shard.index\n"));
    EXPECT_EQ(describe(read_again(config, keys())), describe(config));
}

TEST_F(InEffect, ListsOrganizationsWithTheirKeyFiles) {
    directory_.write("deep/token", "ddpat_needle");
    const std::string file = directory_.write("deep/x.yaml",
                                              "organizations:\n"
                                              "  - name: one\n"
                                              "    site: datadoghq.eu\n"
                                              "    bearer_token_file: token\n"
                                              "    filter: 'a: b'\n"
                                              "  - name: two\n"
                                              "    base_url: https://api.example.com\n"
                                              "    app_key_file: token\n"
                                              "    owned_by: [x, y]\n");
    const Environment environment = {{"HTTPS_PROXY", "http://user:needle@proxy:3128"},
                                     {"DD_SITE", "us5.datadoghq.com"}};
    const Config config = loaded({"--config.file=" + file}, environment);
    EXPECT_THAT(config.in_effect, HasSubstr("organizations:\n"
                                            "  - name: one  # " +
                                            file +
                                            ":2: organizations[0]\n"
                                            "    site: datadoghq.eu\n"
                                            "    base_url: \"\"\n"
                                            "    api_key_file: \"\"\n"
                                            "    app_key_file: \"\"\n"
                                            "    bearer_token_file: " +
                                            directory_.at("deep/token") +
                                            "\n"
                                            "    filter: \"a: b\"\n"
                                            "    owned_by: []\n"
                                            "    # proxy: http://<secret>@proxy:3128, from the environment\n"
                                            "  - name: two  # "));
    EXPECT_THAT(config.in_effect, Not(HasSubstr("needle")));
    EXPECT_EQ(describe(read_again(config, environment)), describe(config));
}

TEST_F(InEffect, HidesMisplacedKeys) {
    const std::string text =
        loaded({"--tokens.filter=0123456789abcdef0123456789abcdef", "--tokens.owned-by=a,ddpat_needle"})
            .in_effect;
    EXPECT_THAT(text, HasSubstr("\n# tokens.filter: <secret> (it looks like a key), --tokens.filter\n"));
    EXPECT_THAT(text, HasSubstr("\n# tokens.owned_by: <secret> (it looks like a key), --tokens.owned-by\n"));
    EXPECT_THAT(text, Not(HasSubstr("0123456789abcdef")));
    EXPECT_THAT(text, Not(HasSubstr("needle")));
}

TEST_F(InEffect, LeavesOutOverriddenOptions) {
    const Environment site = keys_and({{"DD_SITE", "datadoghq.eu"}});
    const Config url = loaded({"--datadog.base-url=https://a"}, site);
    EXPECT_THAT(
        url.in_effect,
        HasSubstr("\n# datadog.site is not used\ndatadog.base_url: \"https://a\"  # --datadog.base-url\n"));
    EXPECT_EQ(describe(read_again(url, site)), describe(url));

    const Config systemd = loaded({"--web.systemd-socket"});
    EXPECT_THAT(systemd.in_effect, HasSubstr("\n# web.listen_address is not used\n"));
    EXPECT_EQ(describe(read_again(systemd, keys())), describe(systemd));
}

TEST_F(InEffect, HasNoOrganizationInADemo) {
    const std::string file =
        directory_.write("x.yaml", "organizations: [{name: a, base_url: 'https://u:needle@x'}]\n");
    const Config config = loaded({"--demo", "--demo.tokens=7", "--config.file=" + file}, keys());
    EXPECT_THAT(config.in_effect, Not(HasSubstr("needle")));
    EXPECT_THAT(config.in_effect, Not(HasSubstr("organizations:")));
    EXPECT_EQ(describe(read_again(config, {})), describe(config));
}

/// Valid values that are hard to quote in YAML.
const std::map<std::string, std::vector<std::string>>& awkward_values() {
    static const std::map<std::string, std::vector<std::string>> values = {
        {"datadog.site", {"datadoghq.eu", "https://app.us5.datadoghq.com/"}},
        {"datadog.base-url", {"https://a", "https://[::1]:8443/", "http://127.0.0.1:1"}},
        {"tokens.filter", {"null", "~", "a # b", "é \"x\" \\n", "[a]", "- x", "'", "true", " padded "}},
        {"tokens.owned-by", {"a,b", "null", "*x,&y", "é"}},
        {"tokens.detail", {"all", "findings", "expiring"}},
        {"list.format", {"json", "csv"}},
        {"list.owners", {"false", "TRUE"}},
        {"poll.interval", {"60s", "1m", "1h"}},
        {"poll.stale-after", {"1d", "2h"}},
        {"poll.rate-limit-reserve", {"0%", "90%"}},
        {"poll.concurrency", {"1", "016"}},
        {"poll.max-tokens", {"1", "10000000"}},
        {"poll.max-scopes", {"1", "01000000"}},
        {"state.file", {"/tmp/a b: #c", "/nonexistent"}},
        {"shard.count", {"1", "01"}},
        {"buckets.age", {"1d", "1d, 2d"}},
        {"scopes.privileged", {"a,b", "x"}},
        {"web.listen-address", {":1,[::]:2", "unix:/run/a b.sock", "0.0.0.0:0,0.0.0.0:0"}},
        {"web.probe-listen-address", {":3", "unix:/run/#probe"}},
        {"web.systemd-socket", {"true", "false", "TRUE"}},
        {"web.max-connections", {"10", "0300"}},
        {"web.max-scrapes", {"1"}},
        {"web.telemetry-path", {"/a:b", "/'\"\\"}},
        {"log.format", {"json"}},
        {"once", {"true"}},
        {"check", {"true"}},
        {"demo", {"true", "false"}},
        {"demo.seed", {"18446744073709551615"}},
        {"datadog.allow-world-readable-secrets", {"true"}},
    };
    return values;
}

class Dice {
  public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    std::string secret() {
        std::string text;
        for (int i = 0; i < 16; ++i) {
            text += static_cast<char>('a' + below(26));
        }
        return text;
    }

  private:
    std::mt19937 engine_;
};

struct Given {
    std::vector<std::string> arguments;
    Environment environment;
    std::vector<std::string> secrets;
};

Given throw_dice(unsigned seed, const ScratchDirectory& directory) {
    Dice dice(seed);
    Given given;
    const auto secret = [&] { return given.secrets.emplace_back(dice.secret()); };
    given.environment = {{"DD_API_KEY", secret()}};
    std::string file;
    if (dice.below(2) == 0) {
        given.environment["DD_APP_KEY"] = secret();
    } else {
        file += "datadog.app_key_file: app\n";
        directory.write("app", secret());
    }
    if (dice.below(2) == 0) {
        given.environment["ALL_PROXY"] = fmt::format("http://{}:{}@proxy", secret(), secret());
    }
    for (const auto& [flag, values] : awkward_values()) {
        const std::string& value = values[dice.below(values.size())];
        const Option& option = *std::find_if(options().begin(), options().end(),
                                             [name = flag](const Option& o) { return o.flag == name; });
        switch (dice.below(8)) {
            case 0:
                given.arguments.push_back(fmt::format("--{}={}", flag, value));
                break;
            case 1:
                given.environment[environment_variable(option)] = value;
                break;
            case 2:
                file += fmt::format("{}: {}\n", yaml_path(option), in_single_quotes(value));
                break;
            default:
                break;
        }
    }
    given.arguments.push_back("--config.file=" + directory.write("x.yaml", file));
    return given;
}

TEST_F(InEffect, RoundTripsWithoutSecrets) {
    int right = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        const Given given = throw_dice(seed, directory_);
        const Outcome outcome = load(given.arguments, given.environment, "");
        const auto* const config = std::get_if<Config>(&outcome);
        if (config == nullptr) {
            continue;  // some random configurations contradict themselves
        }
        ++right;
        for (const std::string& secret : given.secrets) {
            EXPECT_THAT(config->in_effect, Not(HasSubstr(secret)));
        }
        const Config again = read_again(*config, given.environment);
        EXPECT_EQ(describe(again), describe(*config)) << config->in_effect;
        for (const std::string& secret : given.secrets) {
            EXPECT_THAT(again.in_effect, Not(HasSubstr(secret)));
        }
    }
    EXPECT_GT(right, 50);
}

}  // namespace
}  // namespace exporter::config
