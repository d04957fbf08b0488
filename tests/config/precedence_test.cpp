#include "config/fixture.h"
#include "config/options.h"
#include "support/certificate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace exporter::config {
namespace {

/// An option, three values that differ from each other and from the default, and how to read it from a
/// `Config`.
struct Row {
    std::string flag;
    std::string fallback;  ///< what `show` returns if nothing sets the option
    std::vector<std::string> values;
    std::function<std::string(const Config&)> show;
    std::vector<std::string> companions = {};  ///< flags that the option requires
};

std::string show(base::Duration duration) {
    return base::format_duration(duration);
}

std::string show(const std::vector<base::Duration>& durations) {
    std::string text;
    for (const base::Duration duration : durations) {
        text += (text.empty() ? "" : ",") + base::format_duration(duration);
    }
    return text;
}

std::string show(const std::vector<std::string>& items) {
    return fmt::format("{}", fmt::join(items, ","));
}

std::string show(const std::vector<ListenAddress>& addresses) {
    std::string text;
    for (const ListenAddress& address : addresses) {
        text += text.empty() ? "" : ",";
        text += address.unix_path.empty() ? fmt::format("{}:{}", address.host, address.port)
                                          : "unix:" + address.unix_path;
    }
    return text;
}

std::string show(const std::optional<SecretSource>& source) {
    if (!source) {
        return "none";
    }
    const auto* path = std::get_if<std::filesystem::path>(&*source);
    return path == nullptr ? "value" : path->string();
}

const Organization& only(const Config& config) {
    return config.organizations.at(0);
}

std::string mode(const Config& config) {
    return std::to_string(static_cast<int>(config.mode));
}

/// `a`, `b` and `c` are secret files. Each also has a certificate file ending in `.pem` and a web
/// configuration ending in `.web`. `a.key` holds a different secret.
std::vector<Row> rows(const std::string& a, const std::string& b, const std::string& c) {
    const std::vector<std::string> files = {a, b, c};
    const std::string privileged = fmt::format("{}", fmt::join(default_privileged_scopes(), ","));
    const std::vector<std::string> numbers = {"11", "12", "13"};
    return {
        {"datadog.site",
         "datadoghq.com",
         {"datadoghq.eu", "us3.datadoghq.com", "us5.datadoghq.com"},
         [](const Config& config) { return only(config).site; }},
        {"datadog.base-url",
         "https://api.datadoghq.com",
         {"https://a", "https://b", "https://c"},
         [](const Config& config) { return only(config).endpoint.url(); }},
        {"datadog.ca-file",
         "",
         {a + ".pem", b + ".pem", c + ".pem"},
         [](const Config& config) { return config.ca_file.string(); }},
        {"datadog.api-key-file",
         "none",
         files,
         [](const Config& config) { return show(only(config).credentials.api_key); },
         {"--datadog.app-key-file=" + a + ".key"}},
        {"datadog.app-key-file",
         "none",
         files,
         [](const Config& config) { return show(only(config).credentials.app_key); },
         {"--datadog.api-key-file=" + a + ".key"}},
        {"datadog.bearer-token-file", "none", files,
         [](const Config& config) { return show(only(config).credentials.bearer_token); }},
        {"tokens.filter",
         "",
         {"one", "two", "three"},
         [](const Config& config) { return only(config).filter; }},
        {"tokens.owned-by",
         "",
         {"one", "two,three", "four"},
         [](const Config& config) { return show(only(config).owned_by); }},
        {"tokens.detail-limit", "1000", numbers,
         [](const Config& config) { return std::to_string(config.tokens.detail_limit); }},
        {"poll.interval",
         "5m",
         {"1m", "2m", "3m"},
         [](const Config& config) { return show(config.poll.interval); }},
        {"poll.timeout",
         "2m",
         {"1s", "10m", "3m"},
         [](const Config& config) { return show(config.poll.timeout); }},
        {"poll.rate-limit-reserve",
         "10%",
         {"11%", "12%", "13%"},
         [](const Config& config) { return std::to_string(config.poll.rate_limit_reserve) + "%"; }},
        {"poll.page-size", "100", numbers,
         [](const Config& config) { return std::to_string(config.poll.page_size); }},
        {"poll.concurrency",
         "4",
         {"1", "16", "3"},
         [](const Config& config) { return std::to_string(config.poll.concurrency); }},
        {"poll.max-tokens", "200000", numbers,
         [](const Config& config) { return std::to_string(config.poll.max_tokens); }},
        {"poll.max-scopes", "5000", numbers,
         [](const Config& config) { return std::to_string(config.poll.max_scopes); }},
        {"poll.stale-after",
         "1h",
         {"10m", "20m", "1d"},
         [](const Config& config) { return show(config.poll.stale_after); }},
        {"state.file",
         "",
         {a + ".state", b + ".state", c + ".state"},
         [](const Config& config) { return config.state_file.string(); }},
        {"buckets.expiry",
         "1d,7d,30d,90d,365d",
         {"1d", "1d,2d", "1h,1d,2d"},
         [](const Config& config) { return show(config.buckets.expiry); }},
        {"buckets.last-used",
         "1d,7d,30d,90d",
         {"1d", "1d,2d", "1h,1d,2d"},
         [](const Config& config) { return show(config.buckets.last_used); }},
        {"buckets.age",
         "7d,30d,90d,365d",
         {"1d", "1d,2d", "1h,1d,2d"},
         [](const Config& config) { return show(config.buckets.age); }},
        {"scopes.limit", "500", numbers,
         [](const Config& config) { return std::to_string(config.scopes.limit); }},
        {"scopes.privileged",
         privileged,
         {"a", "b,c", "d"},
         [](const Config& config) { return show(config.scopes.privileged); }},
        {"policy.max-lifetime",
         "365d",
         {"1d", "2d", "3d"},
         [](const Config& config) { return show(config.policy.max_lifetime); }},
        {"policy.max-idle",
         "90d",
         {"1d", "2d", "3d"},
         [](const Config& config) { return show(config.policy.max_idle); }},
        {"policy.expiry-notice",
         "7d",
         {"1d", "2d", "3d"},
         [](const Config& config) { return show(config.policy.expiry_notice); }},
        {"policy.active-within",
         "7d",
         {"1d", "2d", "3d"},
         [](const Config& config) { return show(config.policy.active_within); }},
        {"policy.short-lived",
         "8d",
         {"1d", "2d", "3d"},
         [](const Config& config) { return show(config.policy.short_lived); }},
        {"web.listen-address",
         ":10077",
         {":1", "localhost:2", "10.0.0.1:3,::1:4"},
         [](const Config& config) { return show(config.web.listen_addresses); }},
        {"web.probe-listen-address",
         "",
         {":1", "unix:/run/probe", "10.0.0.1:3"},
         [](const Config& config) { return show(config.web.probe_listen_addresses); }},
        {"web.config.file",
         "",
         {a + ".web", b + ".web", c + ".web"},
         [](const Config& config) { return config.web.config_file.string(); }},
        {"web.max-connections-per-address", "256", numbers,
         [](const Config& config) { return std::to_string(config.web.max_connections_per_address); }},
        {"web.max-scrapes", "64", numbers,
         [](const Config& config) { return std::to_string(config.web.max_scrapes); }},
        {"web.telemetry-path",
         "/metrics",
         {"/a", "/b", "/c"},
         [](const Config& config) { return config.web.telemetry_path; }},
        {"web.max-connections", "1024", numbers,
         [](const Config& config) { return std::to_string(config.web.max_connections); }},
        {"once.output",
         "",
         {"/a", "/b", "/c"},
         [](const Config& config) { return config.once_output; },
         {"--once"}},
        {"demo.tokens", "400", numbers,
         [](const Config& config) { return std::to_string(config.demo.tokens); }},
        {"demo.seed", "1", numbers, [](const Config& config) { return std::to_string(config.demo.seed); }},
    };
}

const Option& option(std::string_view flag) {
    return *std::find_if(options().begin(), options().end(), [&](const Option& o) { return o.flag == flag; });
}

/// `poll.stale_after`, `1h` -> `{poll: {stale_after: "1h"}}`
std::string yaml(const Option& option, const std::string& value) {
    const std::string path = yaml_path(option);
    std::string text = fmt::format("\"{}\"", value);
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::size_t dot = rest.rfind('.');
        text = fmt::format("{{{}: {}}}", rest.substr(dot == std::string_view::npos ? 0 : dot + 1), text);
        rest = rest.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return text + "\n";
}

class Precedence : public testing::Test {
  protected:
    Precedence() { write_files(); }

    /// Credentials that don't conflict with the option.
    [[nodiscard]] static Environment credentials_for(const std::string& flag) {
        const bool is_about_credentials =
            flag.starts_with("datadog.") && flag.ends_with("-file") && flag != "datadog.ca-file";
        return is_about_credentials ? Environment{} : keys();
    }

    [[nodiscard]] std::string file(const Option& o, const std::string& value) const {
        return "--config.file=" + directory_.write("config.yaml", yaml(o, value));
    }

    const ScratchDirectory directory_;
    const std::string a_ = directory_.write("a", "key-a");
    const std::string b_ = directory_.write("b", "key-b");
    const std::string c_ = directory_.write("c", "key-c");

  private:
    void write_files() const {
        for (const auto* name : {"a.pem", "b.pem", "c.pem"}) {
            directory_.write(name, support::Authority(name).certificate());
        }
        for (const auto* name : {"a.web", "b.web", "c.web"}) {
            directory_.write(name, "");
        }
        directory_.write("a.key", "another-key");
    }
};

/// A listen address is shown as `::1:4`, but must be written with brackets.
std::string written(const std::string& value) {
    return value == "10.0.0.1:3,::1:4" ? "10.0.0.1:3,[::1]:4" : value;
}

TEST_F(Precedence, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
    for (const Row& row : rows(a_, b_, c_)) {
        SCOPED_TRACE(row.flag);
        const Option& o = option(row.flag);
        std::vector<std::string> arguments = row.companions;
        Environment environment = credentials_for(row.flag);
        if (!environment.empty()) {
            EXPECT_EQ(row.show(loaded(arguments, environment)), row.fallback) << "default";
        }
        arguments.push_back(file(o, written(row.values[0])));
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[0]) << "file";
        environment[environment_variable(o)] = "";
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[0]) << "empty variable";
        environment[environment_variable(o)] = written(row.values[1]);
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[1]) << "environment";
        arguments.push_back("--" + row.flag);
        arguments.push_back(written(row.values[2]));
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[2]) << "flag";
        arguments.pop_back();
        arguments.back() += "=" + written(row.values[2]);
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[2]) << "flag with =";
    }
}

struct ChoiceRow {
    std::string flag;
    std::vector<std::string> in_file_environment_flag;
    std::vector<int> values;  ///< default, file, environment, flag
    std::function<int(const Config&)> show;
};

TEST_F(Precedence, HoldsForChoices) {
    const std::vector<ChoiceRow> choices = {
        {"tokens.detail",
         {"findings", "all", "none"},
         {0, 1, 2, 0},
         [](const Config& config) { return static_cast<int>(config.tokens.detail); }},
        {"list.format",
         {"json", "csv", "table"},
         {0, 1, 2, 0},
         [](const Config& config) { return static_cast<int>(config.list.format); }},
        {"list.owners",
         {"false", "true", "false"},
         {1, 0, 1, 0},
         [](const Config& config) { return static_cast<int>(config.list.owners); }},
        {"log.level",
         {"debug", "warn", "error"},
         {1, 0, 2, 3},
         [](const Config& config) { return static_cast<int>(config.log.level); }},
        {"log.format",
         {"json", "logfmt", "json"},
         {0, 1, 0, 1},
         [](const Config& config) { return static_cast<int>(config.log.format); }},
    };
    for (const ChoiceRow& row : choices) {
        SCOPED_TRACE(row.flag);
        const Option& o = option(row.flag);
        EXPECT_EQ(row.show(loaded({})), row.values[0]);
        std::vector<std::string> arguments = {file(o, row.in_file_environment_flag[0])};
        EXPECT_EQ(row.show(loaded(arguments)), row.values[1]);
        const Environment environment =
            keys_and({{environment_variable(o), row.in_file_environment_flag[1]}});
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[2]);
        arguments.push_back("--" + row.flag + "=" + row.in_file_environment_flag[2]);
        EXPECT_EQ(row.show(loaded(arguments, environment)), row.values[3]);
    }
}

struct ToggleRow {
    std::string flag;
    std::vector<std::string> arguments;
    std::function<bool(const Config&)> show;
};

std::vector<ToggleRow> toggles() {
    return {
        {"demo", {}, [](const Config& config) { return config.demo.enabled; }},
        {"check", {}, [](const Config& config) { return config.mode == Mode::check; }},
        {"once", {}, [](const Config& config) { return config.mode == Mode::once; }},
        {"web.systemd-socket", {}, [](const Config& config) { return config.web.systemd_socket; }},
        {"datadog.allow-world-readable-secrets",
         {},
         [](const Config& config) {
             return only(config).credentials.world_readable == base::WorldReadable::allowed;
         }},
    };
}

TEST_F(Precedence, HoldsForToggles) {
    for (const ToggleRow& row : toggles()) {
        SCOPED_TRACE(row.flag);
        const Option& o = option(row.flag);
        EXPECT_FALSE(row.show(loaded({})));
        EXPECT_TRUE(row.show(loaded({"--" + row.flag})));
        const std::string in_file = file(o, "true");
        EXPECT_TRUE(row.show(loaded({in_file})));
        const Environment denied = keys_and({{environment_variable(o), "false"}});
        EXPECT_FALSE(row.show(loaded({in_file}, denied)));
        EXPECT_TRUE(row.show(loaded({in_file, "--" + row.flag}, denied)));
        const Environment granted = keys_and({{environment_variable(o), "true"}});
        EXPECT_TRUE(row.show(loaded({}, granted)));
        EXPECT_FALSE(row.show(loaded({"--" + row.flag + "=false"}, granted)));
    }
}

TEST_F(Precedence, HoldsForConfigWatch) {
    const Option& o = option("config.watch");
    const auto watches = [](const std::vector<std::string>& arguments, const Environment& environment) {
        return loaded(arguments, environment).config_watch;
    };
    const Environment granted = keys_and({{environment_variable(o), "true"}});

    EXPECT_FALSE(watches({}, keys()));
    EXPECT_TRUE(watches({}, granted));
    EXPECT_FALSE(watches({"--config.watch=false"}, granted));
    EXPECT_TRUE(watches({"--config.watch"}, keys_and({{environment_variable(o), "false"}})));
}

TEST_F(Precedence, HoldsForPlainHttp) {
    const Option& o = option("datadog.allow-insecure-http");
    const std::vector<std::string> url = {"--datadog.base-url=http://proxy"};
    EXPECT_FALSE(mistakes_of(url).empty());
    EXPECT_EQ(only(loaded({url[0], "--datadog.allow-insecure-http"})).endpoint.url(), "http://proxy");
    EXPECT_EQ(only(loaded({url[0], file(o, "true")})).endpoint.url(), "http://proxy");
    EXPECT_EQ(only(loaded(url, keys_and({{environment_variable(o), "true"}}))).endpoint.url(),
              "http://proxy");
    EXPECT_FALSE(mistakes_of({url[0], "--datadog.allow-insecure-http=false"},
                             keys_and({{environment_variable(o), "true"}}))
                     .empty());
}

/// `2/5`
std::string shard(const Config& config) {
    return fmt::format("{}/{}", config.shard.index, config.shard.count);
}

TEST_F(Precedence, HoldsForShards) {
    EXPECT_EQ(shard(loaded({})), "0/1");
    std::vector<std::string> arguments = {"--config.file=" +
                                          directory_.write("shards.yaml", "shard: {index: 1, count: 5}\n")};
    EXPECT_EQ(shard(loaded(arguments)), "1/5");
    const Environment environment = keys_and({{environment_variable(option("shard.index")), "2"},
                                              {environment_variable(option("shard.count")), "6"}});
    EXPECT_EQ(shard(loaded(arguments, environment)), "2/6");
    arguments.insert(arguments.end(), {"--shard.index=3", "--shard.count=7"});
    EXPECT_EQ(shard(loaded(arguments, environment)), "3/7");
}

TEST_F(Precedence, IsTestedForEveryOption) {
    std::vector<std::string> tested = {"datadog.allow-insecure-http",
                                       "tokens.detail",
                                       "list.format",
                                       "list.owners",
                                       "log.level",
                                       "log.format",
                                       "shard.count",
                                       "shard.index",
                                       "config.file",
                                       "config.watch",
                                       "config.check",
                                       "list",  // command line only
                                       "probe",
                                       "version",
                                       "help"};
    for (const Row& row : rows(a_, b_, c_)) {
        tested.push_back(row.flag);
    }
    for (const ToggleRow& row : toggles()) {
        tested.push_back(row.flag);
    }
    for (const Option& o : options()) {
        EXPECT_NE(std::find(tested.begin(), tested.end(), o.flag), tested.end())
            << o.flag << " has no precedence test";
    }
    EXPECT_EQ(tested.size(), options().size());
}

TEST_F(Precedence, ConfigFileAndCheckMayBeVariables) {
    const std::string path = directory_.write("other.yaml", "poll: {interval: 7m}\n");
    const Config config = loaded({}, keys_and({{"DATADOG_TOKEN_EXPORTER_CONFIG_FILE", path},
                                               {"DATADOG_TOKEN_EXPORTER_CONFIG_CHECK", "true"}}));
    EXPECT_EQ(show(config.poll.interval), "7m");
    EXPECT_EQ(config.mode, Mode::config_check) << mode(config);
}

TEST_F(Precedence, DdSiteRanksBetweenOwnVariableAndFile) {
    const std::string in_file = file(option("datadog.site"), "us3.datadoghq.com");
    const Environment shared = keys_and({{"DD_SITE", "datadoghq.eu"}});
    EXPECT_EQ(only(loaded({in_file}, shared)).site, "datadoghq.eu");
    EXPECT_EQ(
        only(loaded({in_file}, keys_and({{"DD_SITE", "datadoghq.eu"},
                                         {"DATADOG_TOKEN_EXPORTER_DATADOG_SITE", "us5.datadoghq.com"}})))
            .site,
        "us5.datadoghq.com");
    EXPECT_EQ(only(loaded({"--datadog.base-url=https://a"}, shared)).endpoint.url(), "https://a");
}

TEST_F(Precedence, ListsReplaceButRepeatedFlagsAppend) {
    const std::string in_file = file(option("scopes.privileged"), "from_file");
    const Config config = loaded({in_file, "--scopes.privileged=a,b", "--scopes.privileged", "c"});
    EXPECT_EQ(show(config.scopes.privileged), "a,b,c");
}

TEST_F(Precedence, AnEmptyFlagClearsTheValue) {
    const Environment environment = keys_and({{"DATADOG_TOKEN_EXPORTER_TOKENS_FILTER", "x"}});
    EXPECT_EQ(only(loaded({"--tokens.filter="}, environment)).filter, "");
    EXPECT_EQ(only(loaded({"--tokens.filter", ""}, environment)).filter, "");
    EXPECT_TRUE(loaded({"--scopes.privileged="}).scopes.privileged.empty());
    EXPECT_TRUE(loaded({"--scopes.privileged=", "--once"}).scopes.privileged.empty());
    EXPECT_TRUE(loaded({"--scopes.privileged", ""}).scopes.privileged.empty());
}

}  // namespace
}  // namespace exporter::config
