#include "config/options.h"

#include "base/text.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

namespace exporter::config {
namespace {

std::vector<Option> make_table() {
    using namespace std::chrono_literals;
    constexpr std::string_view datadog = "Datadog";
    constexpr std::string_view tokens = "Tokens";
    constexpr std::string_view polling = "Polling";
    constexpr std::string_view sharding = "Several replicas";
    constexpr std::string_view judgement = "Buckets, scopes and policy";
    constexpr std::string_view web = "Web server";
    constexpr std::string_view log = "Log";
    constexpr std::string_view modes = "Configuration and other ways to run";
    return {
        {"datadog.site", text<&Draft::organization, &OrganizationDraft::site>("SITE"),
         "The organization's Datadog site, at or below datadoghq.com, datadoghq.eu or ddog-gov.com. DD_SITE "
         "is read as well.",
         datadog, "site"},
        {"datadog.base-url", text<&Draft::organization, &OrganizationDraft::base_url>("URL"),
         "URL of the API, instead of https://api.<site>; for any host that is not Datadog's. Plain http only "
         "to this machine.",
         datadog, "base_url"},
        {"datadog.allow-insecure-http", toggle<&Draft::allow_insecure_http>(),
         "Allow a base URL of plain http to other machines. It sends the credentials unencrypted.", datadog},
        {"datadog.ca-file", file<&Draft::ca_file>(),
         "PEM file of the certification authorities to trust, instead of the system's.", datadog},
        {"datadog.api-key-file", file<&Draft::organization, &OrganizationDraft::api_key_file>(),
         "File that holds the API key. Secret files are read again at each poll.", datadog, "api_key_file"},
        {"datadog.app-key-file", file<&Draft::organization, &OrganizationDraft::app_key_file>(),
         "File that holds the application key, or an access token that needs no API key.", datadog,
         "app_key_file"},
        {"datadog.bearer-token-file", file<&Draft::organization, &OrganizationDraft::bearer_token_file>(),
         "File that holds an access token, sent as bearer token instead of keys.", datadog,
         "bearer_token_file"},
        {"datadog.allow-world-readable-secrets", toggle<&Draft::allow_world_readable_secrets>(),
         "Accept secret files that every user can read, and a web configuration with passwords that others "
         "can write.",
         datadog},

        {"tokens.filter", text<&Draft::organization, &OrganizationDraft::filter>("TEXT"),
         "Count only the tokens that the API finds for this text.", tokens, "filter"},
        {"tokens.owned-by", texts<&Draft::organization, &OrganizationDraft::owned_by>("ID"),
         "Count only the tokens of this owner, by the owner's id.", tokens, "owned_by"},
        {"tokens.detail",
         choice<&Draft::tokens, &Tokens::detail>(
             {{"none", Detail::none}, {"expiring", Detail::expiring}, {"all", Detail::all}}),
         "Series for single tokens, with their ids and names as labels.", tokens},
        {"tokens.detail-limit", number<&Draft::tokens, &Tokens::detail_limit>(1, 1'000'000),
         "At most so many tokens in detail.", tokens},

        {"poll.interval", duration<&Draft::poll, &Poll::interval>(1s),
         "Time from the start of one poll to the next.", polling},
        {"poll.timeout", duration<&Draft::poll, &Poll::timeout>(1s),
         "Longest time for a whole poll, retries and waits included. By default 2m, or the interval where "
         "that is shorter.",
         polling},
        {"poll.rate-limit-reserve", share<&Draft::poll, &Poll::rate_limit_reserve>(90),
         "Share of the API's rate limit left to others: when only that remains, a poll waits for the reset.",
         polling},
        {"poll.page-size", number<&Draft::poll, &Poll::page_size>(1, 100),
         "Tokens asked for in one request, 1 to 100.", polling},
        {"poll.concurrency", number<&Draft::poll, &Poll::concurrency>(1, 16),
         "Requests under way at once to one organization, 1 to 16.", polling},
        {"poll.max-tokens", number<&Draft::poll, &Poll::max_tokens>(1, 10'000'000),
         "The most tokens that an organization may have; a longer listing fails (endless).", polling},
        {"poll.max-scopes", number<&Draft::poll, &Poll::max_scopes>(1, 1'000'000),
         "The most distinct scopes that an organization may have; a listing with more fails (endless).",
         polling},
        {"poll.stale-after", duration<&Draft::poll, &Poll::stale_after>(1s),
         "Drop the inventory series when no poll has succeeded for so long.", polling},
        {"state.file", file<&Draft::state_file>(),
         "File that keeps the last complete inventories over a restart. Each replica needs its own.",
         polling},

        {"shard.count", number<&Draft::shard, &Shard::count>(1, 1000),
         "Replicas that share the organizations between them, each polling its own part.", sharding},
        {"shard.index", text<&Draft::shard_index>("NUMBER|pod-name"),
         "Which of them this one is, from 0. pod-name: the number at the end of POD_NAME or else HOSTNAME, "
         "as in a StatefulSet.",
         sharding},

        {"buckets.expiry", bounds<&Draft::buckets, &Buckets::expiry>(),
         "Bounds of the time left until expiry.", judgement},
        {"buckets.last-used", bounds<&Draft::buckets, &Buckets::last_used>(),
         "Bounds of the time since the last use.", judgement},
        {"buckets.age", bounds<&Draft::buckets, &Buckets::age>(), "Bounds of the time since creation.",
         judgement},
        {"scopes.limit", number<&Draft::scopes, &Scopes::limit>(0, 100'000),
         "Scopes shown by name; the rest fold into scope=\"other\".", judgement},
        {"scopes.privileged", texts<&Draft::scopes, &Scopes::privileged>("SCOPE"),
         "Scopes that make a token privileged. An empty value: none.", judgement},
        {"policy.max-lifetime", duration<&Draft::policy, &Policy::max_lifetime>(1s),
         "A token that lives longer is at risk (lifetime_over_policy).", judgement},
        {"policy.max-idle", duration<&Draft::policy, &Policy::max_idle>(1s),
         "A token unused for longer is at risk (unused).", judgement},

        {"web.listen-address", addresses<&Draft::web, &Web::listen_addresses>(),
         "Where to serve: :PORT, HOST:PORT, [::]:PORT or unix:/PATH.", web},
        {"web.probe-listen-address", addresses<&Draft::web, &Web::probe_listen_addresses>(),
         "Where to answer health probes and nothing else, in the same forms.", web},
        {"web.systemd-socket", toggle<&Draft::web, &Web::systemd_socket>(),
         "Serve on the sockets that systemd hands over, instead of --web.listen-address.", web},
        {"web.config.file", file<&Draft::web, &Web::config_file>(),
         "File with TLS, passwords, headers and a rate limit, in the format of Prometheus' exporters.", web},
        {"web.telemetry-path", text<&Draft::web, &Web::telemetry_path>("PATH"), "Path of the metrics.", web},
        {"web.max-connections", number<&Draft::web, &Web::max_connections>(1, 100'000),
         "Most connections open at once.", web},
        {"web.max-connections-per-address",
         number<&Draft::web, &Web::max_connections_per_address>(1, 100'000),
         "Most connections open at once from one address.", web},
        {"web.max-scrapes", number<&Draft::web, &Web::max_scrapes>(1, 100'000),
         "Most scrapes being answered at once.", web},

        {"log.level",
         choice<&Draft::log, &Log::level>({{"debug", LogLevel::debug},
                                           {"info", LogLevel::info},
                                           {"warn", LogLevel::warn},
                                           {"error", LogLevel::error}}),
         "Least severity that is logged.", log},
        {"log.format",
         choice<&Draft::log, &Log::format>({{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}}),
         "Format of a log line.", log},

        {"config.file", file<&Draft::config_file>(),
         "YAML file with these options and with several organizations.", modes},
        {"config.check", toggle<&Draft::config_check>(), "Check the configuration and exit.", modes},
        {"check", toggle<&Draft::check>(),
         "Make one request for each organization, say what was seen, and exit.", modes},
        {"once", toggle<&Draft::once>(), "Poll once, write the metrics to standard output, and exit.", modes},
        {"once.output", text<&Draft::once_output>("FILE"),
         "With --once: write to this file, replaced whole; a link is followed.", modes},
        {"probe", flag_or_text<&Draft::probe>("[URL]"),
         "Ask a running exporter for its health, at this URL or where the configuration says that it "
         "listens; exit with 0 or 1.",
         modes},
        {"demo", toggle<&Draft::demo, &Demo::enabled>(),
         "Poll a simulated organization. Needs no credentials.", modes},
        {"demo.tokens", number<&Draft::demo, &Demo::tokens>(0, 10'000'000),
         "Tokens of the simulated organization.", modes},
        {"demo.seed", number<&Draft::demo, &Demo::seed>(0, std::numeric_limits<std::uint64_t>::max()),
         "Makes another simulated organization.", modes},
        {"version", {}, "Print the version and exit.", modes},
        {"help", {}, "Print this help and exit (also -h).", modes},
    };
}

}  // namespace

std::span<const Option> options() {
    static const std::vector<Option> table = make_table();
    return table;
}

const Option* find_option(std::string_view flag) {
    const auto table = options();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const Option& option) { return option.flag == flag; });
    return found == table.end() ? nullptr : &*found;
}

std::string default_text(const Option& option) {
    static const Draft untouched;
    const bool has_one = option.value.write && option.value.kind != Kind::toggle;
    return has_one ? fmt::format("{}", fmt::join(option.value.write(untouched), ",")) : "";
}

bool has_variable(const Option& option) {
    return option.value.kind != Kind::flag_only && option.value.kind != Kind::flag_or_value;
}

bool has_yaml_key(const Option& option) {
    return has_variable(option) && !option.flag.starts_with("config.");
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
