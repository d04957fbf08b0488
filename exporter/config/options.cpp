#include "config/options.h"

#include "config/scopes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace exporter::config {
namespace {

std::string_view privileged_scopes_text() {
    static const std::string text = fmt::format("{}", fmt::join(default_privileged_scopes(), ","));
    return text;
}

std::vector<Option> make_table() {
    using Kind = OptionKind;
    constexpr std::string_view datadog = "Datadog";
    constexpr std::string_view tokens = "Tokens";
    constexpr std::string_view polling = "Polling";
    constexpr std::string_view sharding = "Several replicas";
    constexpr std::string_view judgement = "Buckets, scopes and policy";
    constexpr std::string_view web = "Web server";
    constexpr std::string_view log = "Log";
    constexpr std::string_view modes = "Configuration and other ways to run";
    return {
        {"datadog.site", Kind::value, "SITE", "datadoghq.com",
         "The organization's Datadog site, at or below datadoghq.com, datadoghq.eu or ddog-gov.com. DD_SITE "
         "is read as well.",
         datadog},
        {"datadog.base-url", Kind::value, "URL", "",
         "URL of the API, instead of https://api.<site>; for any host that is not Datadog's. Plain http only "
         "to this machine.",
         datadog},
        {"datadog.allow-insecure-http", Kind::toggle, "", "",
         "Allow a base URL of plain http to other machines. It sends the credentials unencrypted.", datadog},
        {"datadog.ca-file", Kind::value, "FILE", "",
         "PEM file of the certification authorities to trust, instead of the system's.", datadog},
        {"datadog.api-key-file", Kind::value, "FILE", "",
         "File that holds the API key. Secret files are read again at each poll.", datadog},
        {"datadog.app-key-file", Kind::value, "FILE", "",
         "File that holds the application key, or an access token that needs no API key.", datadog},
        {"datadog.bearer-token-file", Kind::value, "FILE", "",
         "File that holds an access token, sent as bearer token instead of keys.", datadog},
        {"datadog.allow-world-readable-secrets", Kind::toggle, "", "",
         "Accept secret files that every user can read, and a web configuration with passwords that others "
         "can write.",
         datadog},

        {"tokens.filter", Kind::value, "TEXT", "", "Count only the tokens that the API finds for this text.",
         tokens},
        {"tokens.owned-by", Kind::list, "ID", "", "Count only the tokens of this owner, by the owner's id.",
         tokens},
        {"tokens.detail", Kind::value, "none|expiring|all", "none",
         "Series for single tokens, with their ids and names as labels.", tokens},
        {"tokens.detail-limit", Kind::value, "NUMBER", "1000", "At most so many tokens in detail.", tokens},

        {"poll.interval", Kind::value, "DURATION", "5m", "Time from the start of one poll to the next.",
         polling},
        {"poll.timeout", Kind::value, "DURATION", "2m",
         "Longest time for a whole poll, retries and waits included. By default 2m, or the interval where "
         "that is "
         "shorter.",
         polling},
        {"poll.rate-limit-reserve", Kind::value, "PERCENT", "10%",
         "Share of the API's rate limit left to others: when only that remains, a poll waits for the reset.",
         polling},
        {"poll.page-size", Kind::value, "NUMBER", "100", "Tokens asked for in one request, 1 to 100.",
         polling},
        {"poll.concurrency", Kind::value, "NUMBER", "4",
         "Requests under way at once to one organization, 1 to 16.", polling},
        {"poll.max-tokens", Kind::value, "NUMBER", "200000",
         "The most tokens that an organization may have; a longer listing fails (endless).", polling},
        {"poll.max-scopes", Kind::value, "NUMBER", "5000",
         "The most distinct scopes that an organization may have; a listing with more fails (endless).",
         polling},
        {"poll.stale-after", Kind::value, "DURATION", "1h",
         "Drop the inventory series when no poll has succeeded for so long.", polling},
        {"state.file", Kind::value, "FILE", "",
         "File that keeps the last complete inventories over a restart. Each replica needs its own.",
         polling},

        {"shard.count", Kind::value, "NUMBER", "1",
         "Replicas that share the organizations between them, each polling its own part.", sharding},
        {"shard.index", Kind::value, "NUMBER|pod-name", "",
         "Which of them this one is, from 0. pod-name: the number at the end of POD_NAME or else HOSTNAME, "
         "as in a StatefulSet.",
         sharding},

        {"buckets.expiry", Kind::list, "DURATION", "1d,7d,30d,90d,365d",
         "Bounds of the time left until expiry.", judgement},
        {"buckets.last-used", Kind::list, "DURATION", "1d,7d,30d,90d",
         "Bounds of the time since the last use.", judgement},
        {"buckets.age", Kind::list, "DURATION", "7d,30d,90d,365d", "Bounds of the time since creation.",
         judgement},
        {"scopes.limit", Kind::value, "NUMBER", "500",
         "Scopes shown by name; the rest fold into scope=\"other\".", judgement},
        {"scopes.privileged", Kind::list, "SCOPE", privileged_scopes_text(),
         "Scopes that make a token privileged. An empty value: none.", judgement},
        {"policy.max-lifetime", Kind::value, "DURATION", "365d",
         "A token that lives longer is at risk (lifetime_over_policy).", judgement},
        {"policy.max-idle", Kind::value, "DURATION", "90d", "A token unused for longer is at risk (unused).",
         judgement},

        {"web.listen-address", Kind::list, "ADDRESS", ":10077",
         "Where to serve: :PORT, HOST:PORT, [::]:PORT or unix:/PATH.", web},
        {"web.probe-listen-address", Kind::list, "ADDRESS", "",
         "Where to answer health probes and nothing else, in the same forms.", web},
        {"web.systemd-socket", Kind::toggle, "", "",
         "Serve on the sockets that systemd hands over, instead of --web.listen-address.", web},
        {"web.config.file", Kind::value, "FILE", "",
         "File with TLS, passwords, headers and a rate limit, in the format of Prometheus' exporters.", web},
        {"web.telemetry-path", Kind::value, "PATH", "/metrics", "Path of the metrics.", web},
        {"web.max-connections", Kind::value, "NUMBER", "1024", "Most connections open at once.", web},
        {"web.max-connections-per-address", Kind::value, "NUMBER", "256",
         "Most connections open at once from one address.", web},
        {"web.max-scrapes", Kind::value, "NUMBER", "64", "Most scrapes being answered at once.", web},

        {"log.level", Kind::value, "debug|info|warn|error", "info", "Least severity that is logged.", log},
        {"log.format", Kind::value, "logfmt|json", "logfmt", "Format of a log line.", log},

        {"config.file", Kind::value, "FILE", "",
         "YAML file with these options and with several organizations.", modes},
        {"config.check", Kind::toggle, "", "", "Check the configuration and exit.", modes},
        {"check", Kind::toggle, "", "",
         "Make one request for each organization, say what was seen, and exit.", modes},
        {"once", Kind::toggle, "", "", "Poll once, write the metrics to standard output, and exit.", modes},
        {"once.output", Kind::value, "FILE", "",
         "With --once: write to this file, replaced whole; a link is followed.", modes},
        {"probe", Kind::flag_or_value, "[URL]", "",
         "Ask a running exporter for its health, at this URL or where the configuration says that it "
         "listens; exit "
         "with 0 or 1.",
         modes},
        {"demo", Kind::toggle, "", "", "Poll a simulated organization. Needs no credentials.", modes},
        {"demo.tokens", Kind::value, "NUMBER", "400", "Tokens of the simulated organization.", modes},
        {"demo.seed", Kind::value, "NUMBER", "1", "Makes another simulated organization.", modes},
        {"version", Kind::flag_only, "", "", "Print the version and exit.", modes},
        {"help", Kind::flag_only, "", "", "Print this help and exit (also -h).", modes},
    };
}

}  // namespace

std::span<const Option> options() {
    static const std::vector<Option> table = make_table();
    return table;
}

bool is_for_command_line_alone(const Option& option) {
    return option.kind == OptionKind::flag_only || option.kind == OptionKind::flag_or_value;
}

std::string environment_variable(const Option& option) {
    std::string name = "DATADOG_TOKEN_EXPORTER_";
    for (const char character : option.flag) {
        const bool is_separator = character == '.' || character == '-';
        name += is_separator ? '_' : static_cast<char>(character - 'a' + 'A');
    }
    return name;
}

std::string yaml_path(const Option& option) {
    std::string path(option.flag);
    std::replace(path.begin(), path.end(), '-', '_');
    return path;
}

}  // namespace exporter::config
