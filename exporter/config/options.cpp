#include "config/options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <vector>

namespace exporter::config {
namespace {

/// Follows a path of member pointers. cppcheck 2.10 reports a fold of `.*` as a syntax error.
template <class Object, class First, class... Rest>
auto& follow(Object& object, First first, Rest... rest) {
    if constexpr (sizeof...(rest) == 0) {
        return object.*first;
    } else {
        return follow(object.*first, rest...);
    }
}

template <auto first, auto... rest>
constexpr MemberPath at = {[](Draft& draft) -> Member { return &follow(draft, first, rest...); },
                           std::is_same_v<decltype(first), OrganizationDraft Draft::*>};

/// Whether the option's member has one of these types.
template <class... Types>
bool fills_one_of(const Option& option) {
    static Draft untouched;
    const Member member = option.member.in == nullptr ? Member() : option.member.in(untouched);
    return (std::holds_alternative<Types*>(member) || ...);
}

Form number(std::size_t least, std::size_t most) {
    return {"NUMBER", least, most};
}

std::vector<Option> make_table() {
    return {
        {"datadog.site", "SITE", at<&Draft::organization, &Organization::site>,
         "The organization's Datadog site: datadoghq.com, datadoghq.eu, ddog-gov.com or a subdomain of one "
         "of these. Also read from DD_SITE.",
         "Datadog"},
        {"datadog.base-url", "URL", at<&Draft::organization, &OrganizationDraft::base_url>,
         "URL of the API instead of https://api.<site>, for any host that is not Datadog's. Plain http is "
         "allowed only to this machine."},
        {"datadog.allow-insecure-http", "", at<&Draft::allow_insecure_http>,
         "Allow a plain http base URL to other machines. This sends the credentials unencrypted."},
        {"datadog.ca-file", "FILE", at<&Draft::ca_file>,
         "PEM file of CA certificates to trust instead of the system's."},
        {"datadog.api-key-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::api_key>,
         "File with the API key. Secret files are reread at each poll."},
        {"datadog.app-key-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::app_key>,
         "File with the application key, or with an access token, which needs no API key."},
        {"datadog.bearer-token-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::bearer_token>,
         "File with an access token, sent as a bearer token instead of the keys."},
        {"datadog.allow-world-readable-secrets", "", at<&Draft::allow_world_readable_secrets>,
         "Accept secret files that every user can read, and a web configuration file with passwords that is "
         "writable by others."},

        {"tokens.filter", "TEXT", at<&Draft::organization, &Organization::filter>,
         "Count only tokens that match this text in the API's search.", "Tokens"},
        {"tokens.owned-by", "ID", at<&Draft::organization, &Organization::owned_by>,
         "Count only tokens with this owner id."},
        {"tokens.detail", "none|findings|all", at<&Draft::tokens, &Tokens::detail>,
         "Export series for individual tokens, with their ids and names as labels: for none, for those with "
         "a finding, or for all."},
        {"tokens.detail-limit", number(1, 1'000'000), at<&Draft::tokens, &Tokens::detail_limit>,
         "Maximum number of tokens listed individually: the worst first, then those that expire soonest."},

        {"poll.interval", "DURATION", at<&Draft::poll, &Poll::interval>,
         "Time from the start of one poll to the start of the next.", "Polling"},
        {"poll.timeout", "DURATION", at<&Draft::poll, &Poll::timeout>,
         "Maximum duration of a poll, including retries and waits. By default 2m or the interval, whichever "
         "is shorter."},
        {"poll.rate-limit-reserve",
         {"PERCENT", 0, 90},
         at<&Draft::poll, &Poll::rate_limit_reserve>,
         "Share of the API's rate limit reserved for other clients: once only that much remains, a poll "
         "waits for the reset."},
        {"poll.page-size", number(1, 100), at<&Draft::poll, &Poll::page_size>,
         "Tokens per request, 1 to 100."},
        {"poll.concurrency", number(1, 16), at<&Draft::poll, &Poll::concurrency>,
         "Maximum number of concurrent requests to one organization, 1 to 16."},
        {"poll.max-tokens", number(1, 10'000'000), at<&Draft::poll, &Poll::max_tokens>,
         "Maximum number of tokens in an organization; a longer listing fails (endless)."},
        {"poll.max-scopes", number(1, 1'000'000), at<&Draft::poll, &Poll::max_scopes>,
         "Maximum number of distinct scopes in an organization; a listing with more fails (endless)."},
        {"poll.stale-after", "DURATION", at<&Draft::poll, &Poll::stale_after>,
         "Drop the inventory series after this long without a successful poll."},
        {"state.file", "FILE", at<&Draft::state_file>,
         "File that preserves the last complete inventories across restarts. Each replica needs its own."},

        {"shard.count", number(1, 1000), at<&Draft::shard, &Shard::count>,
         "Number of replicas that share the organizations; each polls its own part.", "Several replicas"},
        {"shard.index", "NUMBER|pod-name", at<&Draft::shard_index>,
         "Index of this replica, from 0. pod-name takes the number at the end of POD_NAME, or of HOSTNAME if "
         "that is not set, as in a StatefulSet."},

        {"buckets.expiry", "DURATION", at<&Draft::buckets, &Buckets::expiry>,
         "Bucket bounds for the time left until expiry.", "Buckets, scopes and policy"},
        {"buckets.last-used", "DURATION", at<&Draft::buckets, &Buckets::last_used>,
         "Bucket bounds for the time since the last use."},
        {"buckets.age", "DURATION", at<&Draft::buckets, &Buckets::age>,
         "Bucket bounds for the time since creation."},
        {"scopes.limit", number(0, 100'000), at<&Draft::scopes, &Scopes::limit>,
         "Maximum number of scopes listed by name; the rest are folded into scope=\"other\"."},
        {"scopes.privileged", "SCOPE", at<&Draft::scopes, &Scopes::privileged>,
         "Scopes that make a token privileged. An empty value means none."},
        {"policy.max-lifetime", "DURATION", at<&Draft::policy, &Policy::max_lifetime>,
         "A token with a longer lifetime is at risk (lifetime_over_policy)."},
        {"policy.max-idle", "DURATION", at<&Draft::policy, &Policy::max_idle>,
         "A token unused for longer than this is at risk (unused)."},
        {"policy.expiry-notice", "DURATION", at<&Draft::policy, &Policy::expiry_notice>,
         "A token in use that expires within this time is at risk (expiring_in_use)."},
        {"policy.active-within", "DURATION", at<&Draft::policy, &Policy::active_within>,
         "A token used within this time counts as in use."},
        {"policy.short-lived", "DURATION", at<&Draft::policy, &Policy::short_lived>,
         "A token with a lifetime up to this is assumed to be replaced by design, so its expiry breaks "
         "nothing."},

        {"web.listen-address", "ADDRESS", at<&Draft::web, &Web::listen_addresses>,
         "Where to listen: :PORT, HOST:PORT, [::]:PORT or unix:/PATH.", "Web server"},
        {"web.probe-listen-address", "ADDRESS", at<&Draft::web, &Web::probe_listen_addresses>,
         "Where to listen for health probes alone, in the same forms."},
        {"web.systemd-socket", "", at<&Draft::web, &Web::systemd_socket>,
         "Listen on the sockets passed by systemd instead of --web.listen-address."},
        {"web.config.file", "FILE", at<&Draft::web, &Web::config_file>,
         "File with TLS, passwords, headers and a rate limit, in the format that Prometheus exporters "
         "share."},
        {"web.telemetry-path", "PATH", at<&Draft::web, &Web::telemetry_path>,
         "Path of the metrics endpoint."},
        {"web.max-connections", number(1, 100'000), at<&Draft::web, &Web::max_connections>,
         "Maximum number of open connections."},
        {"web.max-connections-per-address", number(1, 100'000),
         at<&Draft::web, &Web::max_connections_per_address>,
         "Maximum number of open connections from one address."},
        {"web.max-scrapes", number(1, 100'000), at<&Draft::web, &Web::max_scrapes>,
         "Maximum number of concurrent scrapes."},

        {"log.level", "debug|info|warn|error", at<&Draft::log, &Log::level>, "Minimum severity to log.",
         "Log"},
        {"log.format", "logfmt|json", at<&Draft::log, &Log::format>, "Log format."},

        {"config.file", "FILE", at<&Draft::config_file>,
         "YAML file with these options, which can also list several organizations.",
         "Configuration and other modes"},
        {"config.watch", "", at<&Draft::config_watch>,
         "Reload the configuration when --config.file or --datadog.ca-file changes, as SIGHUP does."},
        {"config.check", "", at<&Draft::config_check>, "Check the configuration and exit."},
        {"check", "", at<&Draft::check>, "Make one request per organization, report the result, and exit."},
        {"once", "", at<&Draft::once>, "Poll once, write the metrics to standard output, and exit."},
        {"once.output", "FILE", at<&Draft::once_output>,
         "With --once: write to this file, replacing it atomically; a symbolic link is followed."},
        {"list", "[REASON,...]", at<&Draft::list, &List::reasons>,
         "Poll once, list the tokens with these findings (all tokens if none is named), worst first, and "
         "exit."},
        {"list.format", "table|json|csv", at<&Draft::list, &List::format>,
         "With --list: a table to read, one JSON object per line, or CSV for spreadsheets."},
        {"list.owners", "true|false", at<&Draft::list, &List::owners>,
         "With --list: look up the owners' names in Datadog. Needs the permission user_access_read."},
        {"probe", "[URL]", at<&Draft::probe>,
         "Check the health of a running exporter, at this URL or at the address in the configuration; exit "
         "with 0 or 1."},
        {"demo", "", at<&Draft::demo, &Demo::enabled>,
         "Poll a simulated organization. Needs no credentials."},
        {"demo.tokens", number(0, 10'000'000), at<&Draft::demo, &Demo::tokens>,
         "Number of tokens in the simulated organization."},
        {"demo.seed", number(0, std::numeric_limits<std::size_t>::max()), at<&Draft::demo, &Demo::seed>,
         "Seed for the simulated organization."},
        {"version", "", {}, "Print the version and exit."},
        {"help", "", {}, "Print this help and exit (also -h)."},
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

bool is_list(const Option& option) {
    return fills_one_of<std::vector<std::string>, std::vector<base::Duration>, std::vector<ListenAddress>>(
        option);
}

bool is_path(const Option& option) {
    return fills_one_of<std::filesystem::path, std::optional<SecretSource>>(option);
}

bool may_lack_value(const Option& option) {
    return option.form.name.starts_with('[');
}

bool has_variable(const Option& option) {
    return option.member.in != nullptr && !may_lack_value(option);
}

bool has_yaml_key(const Option& option) {
    return has_variable(option) && !option.flag.starts_with("config.");
}

bool needs_restart(const Option& option) {
    constexpr std::array<std::string_view, 4> sections = {"web.", "state.", "shard.", "log.format"};
    return std::ranges::any_of(sections,
                               [&](std::string_view section) { return option.flag.starts_with(section); });
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

std::string organization_key(const Option& option) {
    const std::string path = yaml_path(option);
    return option.member.of_organization ? path.substr(path.find('.') + 1) : std::string();
}

}  // namespace exporter::config
