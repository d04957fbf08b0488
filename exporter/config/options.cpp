#include "config/options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <vector>

namespace exporter::config {
namespace {

/// The member that a path of member pointers leads to. A fold of `.*` is a syntax error to cppcheck 2.10.
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
         "The organization's Datadog site, at or below datadoghq.com, datadoghq.eu or ddog-gov.com. DD_SITE "
         "is read as well.",
         "Datadog"},
        {"datadog.base-url", "URL", at<&Draft::organization, &OrganizationDraft::base_url>,
         "URL of the API, instead of https://api.<site>; for any host that is not Datadog's. Plain http only "
         "to this machine."},
        {"datadog.allow-insecure-http", "", at<&Draft::allow_insecure_http>,
         "Allow a base URL of plain http to other machines. It sends the credentials unencrypted."},
        {"datadog.ca-file", "FILE", at<&Draft::ca_file>,
         "PEM file of the certification authorities to trust, instead of the system's."},
        {"datadog.api-key-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::api_key>,
         "File that holds the API key. Secret files are read again at each poll."},
        {"datadog.app-key-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::app_key>,
         "File that holds the application key, or an access token that needs no API key."},
        {"datadog.bearer-token-file", "FILE",
         at<&Draft::organization, &Organization::credentials, &CredentialSources::bearer_token>,
         "File that holds an access token, sent as bearer token instead of keys."},
        {"datadog.allow-world-readable-secrets", "", at<&Draft::allow_world_readable_secrets>,
         "Accept secret files that every user can read, and a web configuration with passwords that others "
         "can write."},

        {"tokens.filter", "TEXT", at<&Draft::organization, &Organization::filter>,
         "Count only the tokens that the API finds for this text.", "Tokens"},
        {"tokens.owned-by", "ID", at<&Draft::organization, &Organization::owned_by>,
         "Count only the tokens of this owner, by the owner's id."},
        {"tokens.detail", "none|findings|all", at<&Draft::tokens, &Tokens::detail>,
         "Series for single tokens, with their ids and names as labels: none, those with a finding, or all."},
        {"tokens.detail-limit", number(1, 1'000'000), at<&Draft::tokens, &Tokens::detail_limit>,
         "At most so many tokens in detail: the worst, then those that expire soonest."},

        {"poll.interval", "DURATION", at<&Draft::poll, &Poll::interval>,
         "Time from the start of one poll to the next.", "Polling"},
        {"poll.timeout", "DURATION", at<&Draft::poll, &Poll::timeout>,
         "Longest time for a whole poll, retries and waits included. By default 2m, or the interval where "
         "that is shorter."},
        {"poll.rate-limit-reserve",
         {"PERCENT", 0, 90},
         at<&Draft::poll, &Poll::rate_limit_reserve>,
         "Share of the API's rate limit left to others: when only that remains, a poll waits for the reset."},
        {"poll.page-size", number(1, 100), at<&Draft::poll, &Poll::page_size>,
         "Tokens asked for in one request, 1 to 100."},
        {"poll.concurrency", number(1, 16), at<&Draft::poll, &Poll::concurrency>,
         "Requests under way at once to one organization, 1 to 16."},
        {"poll.max-tokens", number(1, 10'000'000), at<&Draft::poll, &Poll::max_tokens>,
         "The most tokens that an organization may have; a longer listing fails (endless)."},
        {"poll.max-scopes", number(1, 1'000'000), at<&Draft::poll, &Poll::max_scopes>,
         "The most distinct scopes that an organization may have; a listing with more fails (endless)."},
        {"poll.stale-after", "DURATION", at<&Draft::poll, &Poll::stale_after>,
         "Drop the inventory series when no poll has succeeded for so long."},
        {"state.file", "FILE", at<&Draft::state_file>,
         "File that keeps the last complete inventories over a restart. Each replica needs its own."},

        {"shard.count", number(1, 1000), at<&Draft::shard, &Shard::count>,
         "Replicas that share the organizations between them, each polling its own part.",
         "Several replicas"},
        {"shard.index", "NUMBER|pod-name", at<&Draft::shard_index>,
         "Which of them this one is, from 0. pod-name: the number at the end of POD_NAME or else HOSTNAME, "
         "as in a StatefulSet."},

        {"buckets.expiry", "DURATION", at<&Draft::buckets, &Buckets::expiry>,
         "Bounds of the time left until expiry.", "Buckets, scopes and policy"},
        {"buckets.last-used", "DURATION", at<&Draft::buckets, &Buckets::last_used>,
         "Bounds of the time since the last use."},
        {"buckets.age", "DURATION", at<&Draft::buckets, &Buckets::age>, "Bounds of the time since creation."},
        {"scopes.limit", number(0, 100'000), at<&Draft::scopes, &Scopes::limit>,
         "Scopes shown by name; the rest fold into scope=\"other\"."},
        {"scopes.privileged", "SCOPE", at<&Draft::scopes, &Scopes::privileged>,
         "Scopes that make a token privileged. An empty value: none."},
        {"policy.max-lifetime", "DURATION", at<&Draft::policy, &Policy::max_lifetime>,
         "A token that lives longer is at risk (lifetime_over_policy)."},
        {"policy.max-idle", "DURATION", at<&Draft::policy, &Policy::max_idle>,
         "A token unused for longer is at risk (unused)."},
        {"policy.expiry-notice", "DURATION", at<&Draft::policy, &Policy::expiry_notice>,
         "A token in use that expires within this time is at risk (expiring_in_use)."},
        {"policy.active-within", "DURATION", at<&Draft::policy, &Policy::active_within>,
         "A token used within this time is in use."},
        {"policy.short-lived", "DURATION", at<&Draft::policy, &Policy::short_lived>,
         "A token made to live no longer is replaced by design, and its expiry breaks nothing."},

        {"web.listen-address", "ADDRESS", at<&Draft::web, &Web::listen_addresses>,
         "Where to serve: :PORT, HOST:PORT, [::]:PORT or unix:/PATH.", "Web server"},
        {"web.probe-listen-address", "ADDRESS", at<&Draft::web, &Web::probe_listen_addresses>,
         "Where to answer health probes and nothing else, in the same forms."},
        {"web.systemd-socket", "", at<&Draft::web, &Web::systemd_socket>,
         "Serve on the sockets that systemd hands over, instead of --web.listen-address."},
        {"web.config.file", "FILE", at<&Draft::web, &Web::config_file>,
         "File with TLS, passwords, headers and a rate limit, in the format of Prometheus' exporters."},
        {"web.telemetry-path", "PATH", at<&Draft::web, &Web::telemetry_path>, "Path of the metrics."},
        {"web.max-connections", number(1, 100'000), at<&Draft::web, &Web::max_connections>,
         "Most connections open at once."},
        {"web.max-connections-per-address", number(1, 100'000),
         at<&Draft::web, &Web::max_connections_per_address>,
         "Most connections open at once from one address."},
        {"web.max-scrapes", number(1, 100'000), at<&Draft::web, &Web::max_scrapes>,
         "Most scrapes being answered at once."},

        {"log.level", "debug|info|warn|error", at<&Draft::log, &Log::level>, "Least severity that is logged.",
         "Log"},
        {"log.format", "logfmt|json", at<&Draft::log, &Log::format>, "Format of a log line."},

        {"config.file", "FILE", at<&Draft::config_file>,
         "YAML file with these options and with several organizations.",
         "Configuration and other ways to run"},
        {"config.watch", "", at<&Draft::config_watch>,
         "Reload the configuration when --config.file or --datadog.ca-file changes, as SIGHUP does."},
        {"config.check", "", at<&Draft::config_check>, "Check the configuration and exit."},
        {"check", "", at<&Draft::check>,
         "Make one request for each organization, say what was seen, and exit."},
        {"once", "", at<&Draft::once>, "Poll once, write the metrics to standard output, and exit."},
        {"once.output", "FILE", at<&Draft::once_output>,
         "With --once: write to this file, replaced whole; a link is followed."},
        {"list", "[REASON,...]", at<&Draft::list, &List::reasons>,
         "Poll once, list the tokens with these findings (all tokens, if none is named), worst first, and "
         "exit."},
        {"list.format", "table|json|csv", at<&Draft::list, &List::format>,
         "With --list: a table for people, an object a line, or a file for spreadsheets."},
        {"list.owners", "true|false", at<&Draft::list, &List::owners>,
         "With --list: ask Datadog for the owners' names. Needs the permission user_access_read."},
        {"probe", "[URL]", at<&Draft::probe>,
         "Ask a running exporter for its health, at this URL or where the configuration says that it "
         "listens; exit with 0 or 1."},
        {"demo", "", at<&Draft::demo, &Demo::enabled>,
         "Poll a simulated organization. Needs no credentials."},
        {"demo.tokens", number(0, 10'000'000), at<&Draft::demo, &Demo::tokens>,
         "Tokens of the simulated organization."},
        {"demo.seed", number(0, std::numeric_limits<std::size_t>::max()), at<&Draft::demo, &Demo::seed>,
         "Makes another simulated organization."},
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

bool has_variable(const Option& option) {
    return option.member.in != nullptr && !option.form.name.starts_with('[');
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
