#include "config/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace exporter::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Case {
    std::vector<std::string> arguments;
    std::string line;  ///< start of the only message
};

TEST(Mistake, SaysWhereAndWhat) {
    const std::vector<Case> cases = {
        // Flags.
        {{"--pol.interval=5m"}, "--pol.interval: unknown flag; did you mean --poll.interval?"},
        {{"--pol.interval", "5m"}, "--pol.interval: unknown flag; did you mean --poll.interval?"},
        {{"-poll.interval", "5m"}, "-poll.interval: unknown flag; did you mean --poll.interval?"},
        {{"--interval=5m"}, "--interval: unknown flag; did you mean --poll.interval?"},
        {{"--xyzzy"}, "--xyzzy: unknown flag; --help lists all flags"},
        {{"--datadog.api-key=needle"},
         "--datadog.api-key: unknown flag; did you mean --datadog.api-key-file?"},
        {{"--app-key", "needle"}, "--app-key: unknown flag; did you mean --datadog.app-key-file?"},
        {{"--poll.interval=1m", "--poll.interval=2m"},
         "--poll.interval: is given more than once; give it once"},
        {{"--once", "--once"}, "--once: is given more than once; give it once"},
        {{"--poll.interval"}, "--poll.interval: needs a value: --poll.interval DURATION"},
        {{"--poll.interval", "--once"}, "--poll.interval: needs a value"},
        {{"serve"}, "command line: stray argument"},
        {{"needle", "--once", "needle"}, "command line: stray argument"},
        {{"--", "needle"}, "--: unknown flag"},
        {{"--once=maybe"}, "--once: \"maybe\" is neither true nor false"},
        // Values.
        {{"--poll.interval=5x"},
         "--poll.interval: \"5x\" is not a duration; write it like 90s, 5m, 1h30m or 7d"},
        {{"--poll.interval="}, "--poll.interval: \"\" is not a duration"},
        {{"--poll.interval=999ms"}, "--poll.interval: \"999ms\" is too short; the minimum is 1s"},
        {{"--poll.timeout=0"}, "--poll.timeout: \"0\" is too short; the minimum is 1s"},
        {{"--poll.stale-after=1m"}, "--poll.stale-after: 1m is shorter than the poll interval, 5m"},
        {{"--poll.interval=2h"}, "--poll.stale-after: 1h is shorter than the poll interval, 2h"},
        {{"--datadog.ca-file=/nonexistent.pem"},
         "--datadog.ca-file: \"/nonexistent.pem\" can't be read: No such file or directory"},
        {{"--datadog.ca-file=/dev/null"}, "--datadog.ca-file: \"/dev/null\" is not a regular file"},
        {{"--datadog.ca-file=/"}, "--datadog.ca-file: \"/\" is a directory"},
        {{"--poll.rate-limit-reserve=10"},
         "--poll.rate-limit-reserve: \"10\" is not a whole number from 0% to 90%"},
        {{"--poll.rate-limit-reserve=91%"},
         "--poll.rate-limit-reserve: \"91%\" is not a whole number from 0% to 90%"},
        {{"--poll.rate-limit-reserve=-1%"},
         "--poll.rate-limit-reserve: \"-1%\" is not a whole number from 0% to 90%"},
        {{"--poll.rate-limit-reserve=%"},
         "--poll.rate-limit-reserve: \"%\" is not a whole number from 0% to 90%"},
        {{"--poll.page-size=0"}, "--poll.page-size: \"0\" is not a whole number from 1 to 100"},
        {{"--poll.page-size=101"}, "--poll.page-size: \"101\" is not a whole number from 1 to 100"},
        {{"--poll.page-size=ten"}, "--poll.page-size: \"ten\" is not a whole number from 1 to 100"},
        {{"--poll.page-size=10.0"}, "--poll.page-size: \"10.0\" is not a whole number"},
        {{"--poll.concurrency=0"}, "--poll.concurrency: \"0\" is not a whole number from 1 to 16"},
        {{"--poll.concurrency=17"}, "--poll.concurrency: \"17\" is not a whole number from 1 to 16"},
        {{"--poll.max-tokens=0"}, "--poll.max-tokens: \"0\" is not a whole number from 1 to 10000000"},
        {{"--poll.max-tokens=10000001"},
         "--poll.max-tokens: \"10000001\" is not a whole number from 1 to 10000000"},
        {{"--poll.max-scopes=0"}, "--poll.max-scopes: \"0\" is not a whole number from 1 to 1000000"},
        {{"--state.file=/"}, "--state.file: \"/\" is a directory, or"},
        {{"--state.file=/tmp/"}, "--state.file: \"/tmp/\" is a directory, or"},
        {{"--state.file=/nonexistent/x"},
         "--state.file: \"/nonexistent/x\" is a directory, or its directory does not exist; name a "
         "file"},
        {{"--shard.count=0", "--shard.index=0"}, "--shard.count: \"0\" is not a whole number from 1 to 1000"},
        {{"--shard.count=3", "--shard.index=one"},
         "--shard.index: \"one\" is not one of the shards 0 to 2; write its number, or pod-name"},
        {{"--shard.count=3", "--shard.index=-1"}, "--shard.index: \"-1\" is not one of the shards"},
        {{"--shard.count=3", "--shard.index=3"}, "--shard.index: \"3\" is not one of the shards 0 to 2"},
        {{"--demo", "--shard.count=3", "--shard.index=0"},
         "--shard.count: --demo polls a single simulated organization, so there is nothing to share"},
        {{"--shard.count=3"},
         "--shard.count: --shard.count and --shard.index must be given together, such as --shard.count=3 "
         "with "
         "--shard.index=0 or --shard.index=pod-name"},
        {{"--shard.index=1"},
         "--shard.index: --shard.count and --shard.index must be given together, such as --shard.count=3"},
        {{"--tokens.detail=some"},
         "--tokens.detail: \"some\" is not one of the choices: none, findings, all"},
        {{"--tokens.detail-limit=0"}, "--tokens.detail-limit: \"0\" is not a whole number from 1"},
        {{"--tokens.owned-by=a,,b"}, "--tokens.owned-by: \"a,,b\" has an empty item"},
        {{"--buckets.expiry=7d,1d"},
         "--buckets.expiry: \"7d,1d\": takes 1 to 20 bounds in whole seconds, in ascending order, each once"},
        {{"--buckets.expiry=1d,24h"},
         "--buckets.expiry: \"1d,24h\": takes 1 to 20 bounds in whole seconds, in ascending order, each "
         "once"},
        {{"--buckets.expiry=0,1d"}, "--buckets.expiry: \"0\" is too short; the minimum is 1s"},
        {{"--buckets.expiry=1500ms"}, "--buckets.expiry: \"1500ms\": takes 1 to 20 bounds in whole seconds"},
        {{"--buckets.expiry="}, "--buckets.expiry: \"\": takes 1 to 20 bounds"},
        {{"--buckets.last-used=1d,x"}, "--buckets.last-used: \"x\" is not a duration"},
        {{"--buckets.age=1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s,18s,19s,20s,21s"},
         "--buckets.age: \"1s,2s"},
        {{"--scopes.limit=-1"}, "--scopes.limit: \"-1\" is not a whole number"},
        {{"--policy.max-lifetime=never"}, "--policy.max-lifetime: \"never\" is not a duration"},
        {{"--policy.max-idle=0s"}, "--policy.max-idle: \"0s\" is too short"},
        {{"--web.listen-address="}, "--web.listen-address: at least one address is needed, such as :10077"},
        {{"--web.listen-address=10077"}, "--web.listen-address: \"10077\" is not a listen address"},
        {{"--web.listen-address=:x"}, "--web.listen-address: \":x\" is not a listen address"},
        {{"--web.listen-address=::1:80"}, "--web.listen-address: \"::1:80\" is not a listen address"},
        {{"--web.listen-address=a b:80"}, "--web.listen-address: \"a b:80\" is not a listen address"},
        {{"--web.listen-address=:80,:80"}, "--web.listen-address: \":80\" is given twice"},
        {{"--web.listen-address=unix:sock"},
         "--web.listen-address: \"unix:sock\" is not a listen address; write :10077, "
         "127.0.0.1:10077, [::1]:10077 or unix:/run/exporter.sock"},
        {{"--web.listen-address=unix:/run/"}, "--web.listen-address: \"unix:/run/\" is not a listen address"},
        {{"--web.listen-address=unix:/" + std::string(107, 'x')},
         "--web.listen-address: \"unix:/" + std::string(107, 'x') + "\" is not a listen address"},
        {{"--web.listen-address=unix:/a\nb"},
         "--web.listen-address: \"unix:/a\\x0ab\" is not a listen address"},
        {{"--web.listen-address=unix:/a,unix:/a"}, "--web.listen-address: \"unix:/a\" is given twice"},
        {{"--web.probe-listen-address=10078"},
         "--web.probe-listen-address: \"10078\" is not a listen address"},
        {{"--web.probe-listen-address=:80,:80"}, "--web.probe-listen-address: \":80\" is given twice"},
        {{"--web.probe-listen-address=:10077"}, "--web.probe-listen-address: \":10077\" is given twice"},
        {{"--web.listen-address=unix:/a", "--web.probe-listen-address=unix:/a"},
         "--web.probe-listen-address: \"unix:/a\" is given twice"},
        {{"--web.systemd-socket", "--web.listen-address=:80"},
         "--web.systemd-socket: --web.listen-address is given as well; either systemd or the address says "
         "where to listen: keep one of them"},
        {{"--web.config.file=/nowhere/web.yml"},
         "/nowhere/web.yml: the web configuration file can't be read: No such file or directory"},
        {{"--web.telemetry-path=metrics"},
         "--web.telemetry-path: \"metrics\" can't be the path of the metrics: a path begins with /"},
        {{"--web.telemetry-path="}, "--web.telemetry-path: \"\" can't be the path of the metrics"},
        {{"--web.telemetry-path=/"}, "--web.telemetry-path: \"/\" can't be the path of the metrics"},
        {{"--web.telemetry-path=/healthz"},
         "--web.telemetry-path: \"/healthz\" can't be the path of the metrics"},
        {{"--web.telemetry-path=/a?b"}, "--web.telemetry-path: \"/a?b\" can't be the path of the metrics"},
        {{"--web.max-connections=0"}, "--web.max-connections: \"0\" is not a whole number"},
        {{"--web.max-connections-per-address=1025"},
         "--web.max-connections-per-address: 1025 is more than the limit for all addresses together, 1024"},
        {{"--web.max-connections=10", "--web.max-connections-per-address=11"},
         "--web.max-connections-per-address: 11 is more than the limit for all addresses together, 10"},
        {{"--web.max-connections-per-address=0"},
         "--web.max-connections-per-address: \"0\" is not a whole number from 1"},
        {{"--web.max-scrapes=0"}, "--web.max-scrapes: \"0\" is not a whole number from 1"},
        {{"--datadog.allow-world-readable-secrets=maybe"},
         "--datadog.allow-world-readable-secrets: \"maybe\" is neither true nor false"},
        {{"--log.level=loud"}, "--log.level: \"loud\" is not one of the choices: debug, info, warn, error"},
        {{"--log.format=xml"}, "--log.format: \"xml\" is not one of the choices: logfmt, json"},
        {{"--demo.tokens=many"}, "--demo.tokens: \"many\" is not a whole number"},
        {{"--demo.seed=99999999999999999999"}, "--demo.seed: \"99999999999999999999\" is not a whole number"},
        // Destination.
        {{"--datadog.site=us5"},
         "--datadog.site: \"us5\" is not a Datadog site; did you mean us5.datadoghq.com?"},
        {{"--datadog.site=datadohq.com"},
         "--datadog.site: \"datadohq.com\" is not a Datadog site; did you mean datadoghq.com? (keys are sent "
         "only"},
        {{"--datadog.base-url=api.datadoghq.eu"},
         "--datadog.base-url: \"api.datadoghq.eu\" is not a base URL"},
        {{"--datadog.base-url=http://example.com"},
         "--datadog.base-url: \"http://example.com\" would send the credentials unencrypted"},
        {{"--datadog.base-url=https://user:needle@example.com"},
         "--datadog.base-url: \"https://***@example.com\" is not a base URL"},
        {{"--datadog.base-url=https://a", "--datadog.site=datadoghq.eu"},
         "--datadog.base-url: --datadog.site is given as well; keep one of them"},
        // Modes.
        {{"--check", "--once"}, "--once: --check is given as well; one run can do only one of them"},
        {{"--check", "--config.check"}, "--config.check: --check is given as well"},
        {{"--once", "--config.check"}, "--config.check: --once is given as well"},
        {{"--list", "--once"}, "--list: --once is given as well; one run can do only one of them"},
        {{"--list=a,,b"}, "--list: \"a,,b\" has an empty item"},
        {{"--list", "--list.format=xml"},
         "--list.format: \"xml\" is not one of the choices: table, json, csv"},
        {{"--list", "--list.owners=no"}, "--list.owners: \"no\" is neither true nor false"},
        {{"--list", "--list.owners"}, "--list.owners: needs a value: --list.owners true|false"},
        {{"--once.output=x"}, "--once.output: has no effect without --once"},
        {{"--once.output=x", "--check"}, "--once.output: has no effect without --once"},
        // Configuration file.
        {{"--config.file=/nowhere/x.yaml"},
         "/nowhere/x.yaml: the configuration file can't be read: No such file or directory"},
        {{"--config.file=/"}, "/: the configuration file is a directory"},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(mistakes_of(c.arguments), ElementsAre(StartsWith(c.line)))
            << testing::PrintToString(c.arguments);
        for (const std::string& line : mistakes_of(c.arguments)) {
            EXPECT_EQ(line.find("needle"), std::string::npos) << line;
            EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        }
    }
}

struct VariableCase {
    Environment environment;
    std::string line;
};

TEST(Mistake, InTheEnvironmentNamesTheVariable) {
    const std::vector<VariableCase> cases = {
        {{{"DATADOG_TOKEN_EXPORTER_POLL_INTERVAL", "x"}},
         "DATADOG_TOKEN_EXPORTER_POLL_INTERVAL: \"x\" is not a duration"},
        {{{"DATADOG_TOKEN_EXPORTER_POLL_INTERVALL", "needle"}},
         "DATADOG_TOKEN_EXPORTER_POLL_INTERVALL: no option has this variable; did you mean "
         "DATADOG_TOKEN_EXPORTER_POLL_INTERVAL?"},
        {{{"DATADOG_TOKEN_EXPORTER_DATADOG_API_KEY", "needle"}},
         "DATADOG_TOKEN_EXPORTER_DATADOG_API_KEY: no option has this variable; did you mean "
         "DATADOG_TOKEN_EXPORTER_DATADOG_API_KEY_FILE?"},
        {{{"DATADOG_TOKEN_EXPORTER_HELP", "true"}},
         "DATADOG_TOKEN_EXPORTER_HELP: no option has this variable"},
        {{{"DATADOG_TOKEN_EXPORTER_ONCE", "yes"}},
         "DATADOG_TOKEN_EXPORTER_ONCE: \"yes\" is neither true nor false"},
        {{{"DD_SITE", "us5"}}, "DD_SITE: \"us5\" is not a Datadog site"},
        {{{"DD_SITE",
           "\xef\xbb\xbf"
           "datadoghq.eu"}},
         "DD_SITE: \"\\ufeffdatadoghq.eu\" begins with a byte"},
        {{{"HTTPS_PROXY", "socks5://user:needle@proxy"}}, "HTTPS_PROXY (https_proxy): only proxies"},
    };
    for (const VariableCase& c : cases) {
        EXPECT_THAT(mistakes_of({}, keys_and(c.environment)),
                    ElementsAre(AllOf(StartsWith(c.line), Not(HasSubstr("needle")))));
    }
}

TEST(Environment, MayHoldKubernetesServices) {
    const Environment links = {{"DATADOG_TOKEN_EXPORTER_SERVICE_HOST", "10.0.0.1"},
                               {"DATADOG_TOKEN_EXPORTER_SERVICE_PORT", "10077"},
                               {"DATADOG_TOKEN_EXPORTER_SERVICE_PORT_HTTP_METRICS", "10077"},
                               {"DATADOG_TOKEN_EXPORTER_PORT", "tcp://10.0.0.1:10077"},
                               {"DATADOG_TOKEN_EXPORTER_PORT_10077_TCP", "tcp://10.0.0.1:10077"},
                               {"DATADOG_TOKEN_EXPORTER_PORT_10077_TCP_PROTO", "tcp"},
                               {"DATADOG_TOKEN_EXPORTER_PORT_10077_TCP_PORT", "10077"},
                               {"DATADOG_TOKEN_EXPORTER_PORT_10077_TCP_ADDR", "10.0.0.1"},
                               {"DATADOG_TOKEN_EXPORTER_EU_SERVICE_HOST", "10.0.0.1"},
                               {"DATADOG_TOKEN_EXPORTER_EU_SERVICE_PORT_HTTP", "10077"},
                               {"DATADOG_TOKEN_EXPORTER_EU_PORT_10077_TCP_ADDR", "10.0.0.1"}};
    EXPECT_EQ(loaded({}, keys_and(links)).mode, Mode::serve);
}

TEST(Environment, EmptyAndForeignVariablesAreNoMistake) {
    EXPECT_EQ(loaded({}, keys_and({{"DATADOG_TOKEN_EXPORTER_NONSENSE", ""},
                                   {"DATADOG_TOKEN_EXPORTER_POLL_INTERVAL", ""},
                                   {"DD_ENV", "production"},
                                   {"PATH", "/bin"}}))
                  .mode,
              Mode::serve);
}

TEST(Mistakes, AreReportedTogether) {
    const ScratchDirectory directory;
    const std::string file = directory.write("x.yaml", "poll:\n  intervall: 10m\nlog: {level: loud}\n");
    EXPECT_THAT(
        mistakes_of({"--config.file=" + file, "--nonsense", "--poll.timeout=x", "--datadog.site=us5"},
                    {{"DATADOG_TOKEN_EXPORTER_SCOPES_LIMIT", "x"}}),
        testing::UnorderedElementsAre(
            StartsWith("--nonsense: unknown flag"), StartsWith("--poll.timeout: \"x\""),
            StartsWith("--datadog.site: \"us5\""), StartsWith("DATADOG_TOKEN_EXPORTER_SCOPES_LIMIT: \"x\""),
            StartsWith(file + ":2: poll.intervall: unknown key; did you mean poll.interval?"),
            StartsWith(file + ":3: log.level: \"loud\""), StartsWith("command line: no credentials")));
}

TEST(Mistakes, DoNotCascade) {
    EXPECT_THAT(mistakes_of({"--poll.interval=2h", "--poll.stale-after=x"}),
                ElementsAre(StartsWith("--poll.stale-after: \"x\" is not a duration")));
}

TEST(Mistake, EscapesWhatItQuotesAndCutsItShort) {
    EXPECT_THAT(mistakes_of({"--log.level=a\n\x1b[31m\"b"}),
                ElementsAre(StartsWith(R"(--log.level: "a\x0a\x1b[31m\"b")")));
    EXPECT_LT(mistakes_of({"--log.level=" + std::string(10'000, 'x')}).at(0).size(), 300U);
}

TEST(Warning, IsGivenForARenamedValue) {
    const Config config = loaded({"--tokens.detail=expiring"});

    EXPECT_EQ(config.tokens.detail, Detail::findings);
    EXPECT_THAT(config.warnings,
                ElementsAre("--tokens.detail: expiring is now called findings; write findings"));
}

TEST(List, IsOfAllTokensUnlessFindingsAreNamed) {
    EXPECT_EQ(loaded({"--list"}).mode, Mode::list);
    EXPECT_THAT(loaded({"--list"}).list.reasons, IsEmpty());
    EXPECT_THAT(loaded({"--list=leaked,unused"}).list.reasons, ElementsAre("leaked", "unused"));
    EXPECT_THAT(loaded({"--list", "leaked", "--list=unused"}).list.reasons, ElementsAre("leaked", "unused"));
}

TEST(List, LogsNothingButWarningsUnlessALevelIsGiven) {
    EXPECT_EQ(loaded({"--list"}).log.level, LogLevel::warn);
    EXPECT_EQ(loaded({"--list", "--log.level=info"}).log.level, LogLevel::info);
}

TEST(Warning, IsGivenForShortIntervals) {
    EXPECT_THAT(loaded({"--poll.interval=29s"}).warnings,
                ElementsAre(StartsWith("--poll.interval: polling every 29s uses up")));
    EXPECT_TRUE(loaded({"--poll.interval=30s"}).warnings.empty());
}

TEST(Warning, IsGivenForATimeoutBeyondStaleAfter) {
    EXPECT_THAT(loaded({"--poll.timeout=2h"}).warnings,
                ElementsAre(StartsWith("--poll.timeout: a poll may take 2h")));
    EXPECT_TRUE(loaded({"--poll.interval=1m", "--poll.stale-after=2m"}).warnings.empty());
    EXPECT_TRUE(loaded({"--poll.interval=1m", "--poll.stale-after=1m"}).warnings.empty());
    EXPECT_TRUE(loaded({"--poll.timeout=59m", "--poll.interval=59m"}).warnings.empty());
}

TEST(Warning, IsGivenForATimeoutBeyondTheInterval) {
    EXPECT_THAT(loaded({"--poll.timeout=6m"}).warnings,
                ElementsAre("--poll.timeout: a poll may take 6m, longer than the poll interval, 5m; a slow "
                            "poll delays the next ones"));
    EXPECT_THAT(loaded({"--poll.interval=1m", "--poll.timeout=1m1s"}).warnings,
                ElementsAre(StartsWith("--poll.timeout: a poll may take 1m1s")));
    EXPECT_TRUE(loaded({"--poll.timeout=5m"}).warnings.empty());
    EXPECT_TRUE(loaded({"--poll.timeout=6m", "--once"}).warnings.empty()) << "a single poll has no interval";
    EXPECT_TRUE(loaded({"--poll.timeout=6m", "--check"}).warnings.empty()) << "without polls, no interval";
}

TEST(Timeout, IsByDefaultNoLongerThanTheInterval) {
    const Config config = loaded({"--poll.interval=1m"});
    EXPECT_EQ(config.poll.timeout, std::chrono::minutes(1));
    EXPECT_THAT(config.warnings, testing::IsEmpty());
    EXPECT_THAT(config.in_effect, HasSubstr("\npoll.timeout: 1m\n"));
    EXPECT_EQ(loaded({"--poll.interval=2m1s"}).poll.timeout, std::chrono::minutes(2));
    EXPECT_EQ(loaded({"--poll.interval=1m", "--poll.timeout=2m"}).poll.timeout, std::chrono::minutes(2));
    EXPECT_EQ(loaded({"--poll.interval=1m", "--once"}).poll.timeout, std::chrono::minutes(2))
        << "a single poll has no interval";
}

TEST(Warning, IsGivenForPrivilegedScopesThatLookMistyped) {
    EXPECT_THAT(loaded({"--scopes.privileged=org_managment"}).warnings,
                ElementsAre("--scopes.privileged: \"org_managment\" is not a scope known to this version; "
                            "did you mean org_management?"));
    EXPECT_THAT(
        loaded({"--scopes.privileged=user_access_manage,log_delete_data,Api_Keys_Write,api-keys-read"})
            .warnings,
        ElementsAre(HasSubstr("did you mean logs_delete_data?"), HasSubstr("did you mean api_keys_write?"),
                    HasSubstr("did you mean api_keys_read?")));
}

TEST(Warning, IsNotGivenForKnownOrUnrelatedScopes) {
    EXPECT_TRUE(
        loaded({"--scopes.privileged=org_management,monitors_write,teams_read,oci_configurations_manage"})
            .warnings.empty());
    EXPECT_TRUE(loaded({"--scopes.privileged=quantum_write,org_app_keys,audit_logs_delete,a,b,scope"})
                    .warnings.empty());
    EXPECT_TRUE(loaded({"--scopes.privileged="}).warnings.empty());
    EXPECT_TRUE(loaded({}).warnings.empty());
}

TEST(Warning, IsGivenForOwnersByEMailAddress) {
    EXPECT_THAT(loaded({"--tokens.owned-by=00000000-0000-0000-2345-000000000000,ada@example.com"}).warnings,
                ElementsAre("--tokens.owned-by: \"ada@example.com\" does not look like an owner id; the "
                            "API's ids look like 00000000-0000-0000-2345-000000000000"));
    const ScratchDirectory directory;
    directory.write("token", "ddpat_abc_def");
    const std::string file = directory.write(
        "x.yaml",
        "organizations:\n- name: a\n  bearer_token_file: token\n  owned_by: [x, ada@example.com]\n");
    EXPECT_THAT(
        loaded({"--config.file=" + file}, {}).warnings,
        ElementsAre(StartsWith(
            file + ":4: organizations[0].owned_by: \"ada@example.com\" does not look like an owner id")));
}

TEST(Warning, IsGivenForInvalidOwnerIds) {
    const std::string ids =
        " does not look like an owner id; the API's ids look like 00000000-0000-0000-2345-000000000000";
    EXPECT_THAT(loaded({"--tokens.owned-by=\"00000000-0000-0000-2345-000000000000\""}).warnings,
                ElementsAre("--tokens.owned-by: \"\\\"00000000-0000-0000-2345-000000000000\\\"\"" + ids));
    EXPECT_THAT(loaded({"--tokens.owned-by=Joe Bloggs"}).warnings,
                ElementsAre("--tokens.owned-by: \"Joe Bloggs\"" + ids));
    EXPECT_THAT(loaded({}, keys_and({{"DATADOG_TOKEN_EXPORTER_TOKENS_OWNED_BY", "${OWNER}"}})).warnings,
                ElementsAre(HasSubstr("\"${OWNER}\"" + ids)));
    EXPECT_THAT(loaded({"--tokens.owned-by=changeme"}).warnings,
                ElementsAre(HasSubstr("\"changeme\"" + ids)));
    const ScratchDirectory directory;
    directory.write("token", "ddpat_abc_def");
    const std::string file = directory.write(
        "x.yaml",
        "organizations:\n- name: a\n  bearer_token_file: token\n  owned_by: [\"'x'\", Joe Bloggs]\n");
    EXPECT_THAT(
        loaded({"--config.file=" + file}, {}).warnings,
        ElementsAre(
            StartsWith(file + ":4: organizations[0].owned_by: \"'x'\" does not look like an owner id"),
            StartsWith(file +
                       ":4: organizations[0].owned_by: \"Joe Bloggs\" does not look like an owner id")));
}

TEST(Mistake, EscapesInvisibleCharacters) {
    EXPECT_THAT(mistakes_of({"--log.level=\xef\xbb\xbf"
                             "in\u00a0f\u200bo\u202e"}),
                ElementsAre(StartsWith(R"(--log.level: "\ufeffin\u00a0f\u200bo\u202e" is not)")));
    EXPECT_THAT(mistakes_of({"--log.level=gr\u00fc\u00df \u2603"}),
                ElementsAre(StartsWith("--log.level: \"gr\u00fc\u00df \u2603\" is not")));
}

TEST(Warning, IsGivenForUnknownSites) {
    EXPECT_THAT(
        loaded({"--datadog.site=ap9.datadoghq.com"}).warnings,
        ElementsAre(AllOf(
            StartsWith("--datadog.site: \"ap9.datadoghq.com\" is not a Datadog site known to this version"),
            HasSubstr("https://api.ap9.datadoghq.com"))));
}

TEST(Warning, IsGivenForWrongDatadogBaseUrls) {
    struct Url {
        std::string url;
        std::string right;
    };
    const std::vector<Url> urls = {
        {"https://api.datadohq.com", "https://api.datadoghq.com"},
        {"https://app.datadohq.eu", "https://api.datadoghq.eu"},
        {"https://API.us5.datadog.com", "https://api.us5.datadoghq.com"},
        {"https://datadoghq.con", "https://api.datadoghq.com"},
        {"https://app.datadoghq.eu", "https://api.datadoghq.eu"},
        {"https://datadoghq.com/", "https://api.datadoghq.com"},
        {"https://us3.datadoghq.com:443", "https://api.us3.datadoghq.com"},
        {"https://app.ddog-gov.com", "https://api.ddog-gov.com"},
    };
    for (const Url& row : urls) {
        EXPECT_THAT(loaded({"--datadog.base-url=" + row.url}).warnings,
                    ElementsAre(AllOf(StartsWith("--datadog.base-url: \""), HasSubstr(row.right))))
            << row.url;
    }
    EXPECT_THAT(loaded({"--datadog.base-url=https://api.datadohq.com"}).warnings,
                ElementsAre("--datadog.base-url: \"api.datadohq.com\" is not the host of Datadog's API, but "
                            "the keys are sent there; if you mean Datadog, write https://api.datadoghq.com"));
    EXPECT_THAT(loaded({"--datadog.base-url=https://app.datadoghq.eu"}).warnings,
                ElementsAre("--datadog.base-url: \"app.datadoghq.eu\" is not the host of Datadog's API, but "
                            "the keys are sent there; if you mean Datadog, write https://api.datadoghq.eu"));
}

TEST(Warning, IsNotGivenForDatadogOrGatewayBaseUrls) {
    for (const std::string url :
         {"https://api.datadoghq.com", "https://api.us5.datadoghq.com", "https://api.ap9.datadoghq.com",
          "https://acme.datadoghq.com", "https://datadog.example.com", "https://api.example.com",
          "https://10.0.0.1:8443", "https://proxy", "https://datadog", "https://api"}) {
        EXPECT_THAT(loaded({"--datadog.base-url=" + url}).warnings, testing::IsEmpty()) << url;
    }
}

TEST(Warning, IsGivenForUnencryptedCredentials) {
    const std::vector<std::string> remote = {"--datadog.base-url=http://proxy",
                                             "--datadog.allow-insecure-http"};
    EXPECT_THAT(loaded(remote).warnings, ElementsAre(HasSubstr("unencrypted to http://proxy")));
    EXPECT_TRUE(
        loaded({"--datadog.base-url=http://localhost:1", "--datadog.allow-insecure-http"}).warnings.empty());
}

TEST(ListenAddress, ComesInFourForms) {
    const Config config =
        loaded({"--web.listen-address=:1,example.com:2", "--web.listen-address", "[::1]:0,[::1]:0",
                "--web.listen-address=0.0.0.0:3,[::]:4,unix:/" + std::string(106, 'x')});
    EXPECT_THAT(
        config.web.listen_addresses,
        ElementsAre(ListenAddress{"", 1, ""}, ListenAddress{"example.com", 2, ""},
                    ListenAddress{"::1", 0, ""}, ListenAddress{"::1", 0, ""}, ListenAddress{"0.0.0.0", 3, ""},
                    ListenAddress{"::", 4, ""}, ListenAddress{"", 0, "/" + std::string(106, 'x')}));
}

TEST(ListenAddress, IsNotNeededWithSystemdSockets) {
    const Config config = loaded({"--web.systemd-socket", "--web.probe-listen-address=:10077"});
    EXPECT_TRUE(config.web.systemd_socket);
    EXPECT_THAT(config.web.listen_addresses, testing::IsEmpty());
    EXPECT_THAT(config.web.probe_listen_addresses, ElementsAre(ListenAddress{"", 10077, ""}));
}

TEST(ConnectionsPerAddress, DefaultToAtMostMaxConnections) {
    EXPECT_EQ(loaded({"--web.max-connections=10"}).web.max_connections_per_address, 10U);
    EXPECT_EQ(loaded({"--web.max-connections=300"}).web.max_connections_per_address, 256U);
}

class WebConfigFile : public testing::Test {
  protected:
    const ScratchDirectory directory_;
};

TEST_F(WebConfigFile, IsRelativeToTheConfigurationFile) {
    const std::string web = directory_.write("deep/web.yml", "");
    const std::string file = directory_.write("x.yaml", "web: {config: {file: deep/web.yml}}\n");
    EXPECT_EQ(loaded({"--config.file=" + file}).web.config_file, web);
}

TEST_F(WebConfigFile, IsValidatedWithTheConfiguration) {
    const std::string wrong = directory_.write("wrong.yml", "rate_limit: {burst: x}\nhttp2: false\n");
    EXPECT_THAT(mistakes_of({"--web.config.file=" + wrong}),
                ElementsAre(wrong + ":2: http2: unknown key; did you mean http_server_config.http2?",
                            wrong + ":1: rate_limit.burst: is not a whole number from 0 to 1000000"));
    const std::string unsafe = directory_.write(
        "unsafe.yml",
        "basic_auth_users: {a: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}\n");
    EXPECT_THAT(
        loaded({"--web.config.file=" + unsafe}).warnings,
        ElementsAre(unsafe + ": basic_auth_users: passwords are sent unencrypted without tls_server_config"));
}

}  // namespace
}  // namespace exporter::config
