// Reloading the configuration while another one is in effect.
#include "config/fixture.h"
#include "config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

namespace exporter::config {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// The result of loading `text` as the configuration file while `running` is in effect.
Config reloaded(const std::string& text, const Config& running, const Environment& environment = keys()) {
    const ScratchDirectory directory;
    return std::get<Config>(
        load({"--config.file=" + directory.write("config.yaml", text)}, environment, "", {}, &running));
}

TEST(Reload, KeepsEveryOptionThatNeedsARestartAndNamesIt) {
    const Config running = loaded({"--shard.count=2", "--shard.index=1", "--state.file=/tmp/exporter-state"});

    const Config config = reloaded(
        "web: {listen_address: [':1'], probe_listen_address: [':2'], telemetry_path: /x, max_connections: "
        "100,\n"
        "      max_connections_per_address: 50, max_scrapes: 5}\n"
        "log: {format: json}\n"
        "shard: {count: 3, index: 0}\n",
        running);

    EXPECT_EQ(config.web.listen_addresses, running.web.listen_addresses);
    EXPECT_THAT(config.web.probe_listen_addresses, IsEmpty());
    EXPECT_EQ(config.web.telemetry_path, "/metrics");
    EXPECT_EQ(config.web.max_connections, 1024U);
    EXPECT_EQ(config.web.max_connections_per_address, 256U);
    EXPECT_EQ(config.web.max_scrapes, 64U);
    EXPECT_EQ(config.log.format, LogFormat::logfmt);
    EXPECT_EQ(config.shard.count, 2U);
    EXPECT_EQ(config.shard.index, 1U);
    EXPECT_EQ(config.state_file, "/tmp/exporter-state");
    EXPECT_THAT(config.warnings, SizeIs(10)) << testing::PrintToString(config.warnings);
    EXPECT_THAT(config.warnings, Contains(HasSubstr("web.telemetry_path: can't change while")));
    EXPECT_THAT(config.warnings, Contains(HasSubstr("--state.file: can't change while")));
}

TEST(Reload, TakesOverEverythingElse) {
    const Config running = loaded({});

    const Config config = reloaded(
        "poll: {interval: 7m}\npolicy: {max_idle: 3d}\nlog: {level: debug}\nscopes: {limit: 3}\n"
        "datadog: {site: datadoghq.eu}\n",
        running);

    EXPECT_EQ(config.poll.interval, std::chrono::minutes(7));
    EXPECT_EQ(config.policy.max_idle, Days(3));
    EXPECT_EQ(config.log.level, LogLevel::debug);
    EXPECT_EQ(config.scopes.limit, 3U);
    EXPECT_EQ(config.organizations.front().site, "datadoghq.eu");
    EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(Reload, WithTheSameShardsDoesNotWarn) {
    const Environment pod = keys_and({{"POD_NAME", "exporter-1"}});
    const std::string shards = "shard: {count: 2, index: pod-name}\n";
    const ScratchDirectory directory;
    const Config running = loaded({"--config.file=" + directory.write("config.yaml", shards)}, pod);

    EXPECT_THAT(reloaded(shards, running, pod).warnings, IsEmpty());
}

TEST(Reload, KeepsPollingTheRunningShard) {
    const Config running = loaded({"--shard.count=1000", "--shard.index=7"});

    EXPECT_THAT(reloaded("poll: {interval: 7m}\n", running).organizations, IsEmpty());
}

TEST(Reload, NeedsARestartOnlyForWebShardStateAndLogFormat) {
    for (const Option& option : options()) {
        const bool is_of_list = option.flag.starts_with("web.") || option.flag.starts_with("shard.") ||
                                option.flag == "state.file" || option.flag == "log.format";
        EXPECT_EQ(needs_restart(option), is_of_list) << option.flag;
    }
}

TEST(CredentialFiles, AreTheSameByTheirPaths) {
    const ScratchDirectory directory;
    const std::string key = directory.write("key", "ddpat_0123456789");
    const std::string other = directory.write("other", "ddpat_0123456789");
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    std::filesystem::permissions(other, std::filesystem::perms::owner_read);
    const auto with = [](const std::string& file) {
        return loaded({"--datadog.bearer-token-file=" + file}, {}).organizations.front().credentials;
    };

    EXPECT_TRUE(same_credential_files(with(key), with(key)));
    EXPECT_FALSE(same_credential_files(with(key), with(other)));
    EXPECT_FALSE(same_credential_files(with(key), loaded({}).organizations.front().credentials));
    EXPECT_TRUE(same_credential_files(loaded({}).organizations.front().credentials,
                                      loaded({}).organizations.front().credentials));
}

TEST(SharedSettings, CoverEveryPollingAndCountingOption) {
    const Config one = loaded({});

    EXPECT_TRUE(same_shared_settings(one, loaded({"--log.level=debug"})));
    for (const char* argument : {"--poll.interval=7m", "--buckets.age=3d", "--scopes.limit=3",
                                 "--policy.max-idle=3d", "--tokens.detail=all"}) {
        EXPECT_FALSE(same_shared_settings(one, loaded({argument}))) << argument;
    }
}

TEST(Watch, HasNoEffectWithoutAFile) {
    EXPECT_THAT(loaded({"--config.watch"}).warnings,
                Contains(HasSubstr("--config.watch: has no effect without")));
    const ScratchDirectory directory;
    const std::string file = "--config.file=" + directory.write("config.yaml", "{}\n");
    EXPECT_THAT(loaded({"--config.watch", file}).warnings, Not(Contains(HasSubstr("config.watch"))));
}

}  // namespace
}  // namespace exporter::config
