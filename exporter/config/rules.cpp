// Checks what the option table can't express: relations between options, the files that values refer to, and
// which scopes are privileged.
#include "base/address.h"
#include "base/pem.h"
#include "base/replacement_file.h"
#include "base/text.h"
#include "config/options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace exporter::config {
namespace {

void set_mode(Given& given, Draft& draft) {
    const std::array<std::tuple<std::string_view, bool, Mode>, 5> modes = {
        {{"check", draft.check, Mode::check},
         {"once", draft.once, Mode::once},
         {"config.check", draft.config_check, Mode::config_check},
         {"list", given.find("list") != nullptr, Mode::list},
         {"probe", given.find("probe") != nullptr, Mode::probe}}};
    std::string first;
    for (const auto& [flag, is_chosen, mode] : modes) {
        if (!is_chosen) {
            continue;
        }
        if (!first.empty()) {
            given.mistake(flag, "{} is given as well; one run can do only one of them", first);
        }
        draft.mode = mode;
        first = given.place(flag);
    }
    if (draft.mode == Mode::list && given.find("log.level") == nullptr) {
        draft.log.level = LogLevel::warn;  // The output should be only the list.
    }
}

void check_timeout(Given& given, Draft& draft) {
    Poll& poll = draft.poll;
    if (draft.mode != Mode::serve && draft.mode != Mode::config_check) {
        return;  // There is no next poll.
    }
    if (given.find("poll.timeout") == nullptr) {
        // By default at most the interval, so that a slow poll doesn't delay the next.
        poll.timeout = std::min(poll.timeout, poll.interval);
    } else if (poll.timeout > poll.interval) {
        given.warn("poll.timeout",
                   "a poll may take {}, longer than the poll interval, {}; a slow poll delays the next ones",
                   base::format_duration(poll.timeout), base::format_duration(poll.interval));
    }
}

void check_interval(Given& given, const Poll& poll) {
    constexpr base::Duration polite_interval = std::chrono::seconds(30);
    if (poll.stale_after < poll.interval && !given.is_wrong("poll.stale-after") &&
        !given.is_wrong("poll.interval")) {
        given.mistake(
            "poll.stale-after",
            "{} is shorter than the poll interval, {}; the inventory would disappear between two polls",
            base::format_duration(poll.stale_after), base::format_duration(poll.interval));
    }
    if (poll.interval < polite_interval) {
        given.warn("poll.interval",
                   "polling every {} uses up the rate limit that all API clients of the organization share",
                   base::format_duration(poll.interval));
    }
}

void check_ca_file(Given& given, const std::filesystem::path& path) {
    if (path.empty()) {
        return;
    }
    // Read in the same way as by the client: a file with a damaged last certificate would fail every poll.
    const std::string shown = base::quote(path.native());
    const auto certificates = base::read_certificate_file(path.native(), shown);
    if (!certificates) {
        given.mistake("datadog.ca-file", "{}", certificates.error());
    } else if (const std::string& who = certificates->others_may_write; !who.empty()) {
        given.warn("datadog.ca-file", "{}: others can decide where the credentials are sent: {}", shown, who);
    }
}

/// Only the first write shows whether the path is writable, but an impossible path is reported immediately.
void check_state_file(Given& given, const std::filesystem::path& path) {
    std::error_code ignored;
    const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
    if (!path.empty() && (!path.has_filename() || std::filesystem::is_directory(path, ignored) ||
                          !std::filesystem::is_directory(directory, ignored))) {
        given.mistake("state.file",
                      "{} is a directory, or its directory does not exist; name a file in a directory that "
                      "the exporter's user can write to",
                      base::quote(path.native()));
    }
}

/// `<name>-<ordinal>` as Kubernetes names the pods of a StatefulSet: no sign, no leading zeros.
std::optional<std::size_t> ordinal_of(std::string_view pod) {
    const std::size_t dash = pod.rfind('-');
    if (dash == std::string_view::npos || dash == 0) {
        return std::nullopt;
    }
    const std::string_view digits = pod.substr(dash + 1);
    const bool is_canonical = digits == "0" || !digits.starts_with('0');
    return is_canonical ? base::parse_number<std::size_t>(digits) : std::nullopt;
}

void set_shard(Given& given, const Environment& environment, Draft& draft) {
    Shard& shard = draft.shard;
    if (draft.demo.enabled && shard.count > 1) {
        given.mistake("shard.count",
                      "--demo polls a single simulated organization, so there is nothing to share; leave out "
                      "one of the two");
    }
    const bool has_index = !draft.shard_index.empty();
    if (has_index ? given.find("shard.count") == nullptr : shard.count > 1) {
        given.mistake(has_index ? "shard.index" : "shard.count",
                      "--shard.count and --shard.index must be given together, such as --shard.count=3 with "
                      "--shard.index=0 or --shard.index=pod-name");
        return;
    }
    if (!has_index) {
        return;
    }
    std::string shown = base::quote(draft.shard_index);
    auto index = base::parse_number<std::size_t>(draft.shard_index);
    if (draft.shard_index == "pod-name") {
        const std::string_view name = variable(environment, "POD_NAME").empty() ? "HOSTNAME" : "POD_NAME";
        const std::string pod = variable(environment, name);
        shown = fmt::format("pod-name ({} is {})", name, base::quote(pod));
        index = ordinal_of(pod);
    }
    if (!index || (*index >= shard.count && !given.is_wrong("shard.count"))) {
        given.mistake("shard.index",
                      "{} is not one of the shards 0 to {}; write its number, or pod-name if POD_NAME (or "
                      "else HOSTNAME) ends in - and the number, as in a StatefulSet",
                      shown, shard.count - 1);
        return;
    }
    shard.index = *index;
    draft.shard_index = fmt::to_string(shard.index);
}

/// @param taken addresses already in use; the new ones are added
void refuse_doubled(Given& given, std::string_view flag, const std::vector<ListenAddress>& addresses,
                    std::vector<ListenAddress>& taken) {
    for (const ListenAddress& address : addresses) {
        if (address.port == 0 && address.unix_path.empty()) {
            continue;  // a different port each time
        }
        if (std::find(taken.begin(), taken.end(), address) != taken.end()) {
            given.mistake(flag, "{} is given twice; give it once",
                          base::quote(base::listen_address_text(address)));
        }
        taken.push_back(address);
    }
}

void check_sockets(Given& given, Web& web) {
    constexpr std::string_view flag = "web.listen-address";
    if (web.systemd_socket) {
        web.listen_addresses.clear();
        if (given.find(flag) != nullptr) {
            given.mistake(
                "web.systemd-socket",
                "{} is given as well; either systemd or the address says where to listen: keep one of them",
                given.place(flag));
        }
    } else if (web.listen_addresses.empty() && !given.is_wrong(flag)) {
        given.mistake(flag, "at least one address is needed, such as :10077");
    }
    std::vector<ListenAddress> taken;
    refuse_doubled(given, flag, web.listen_addresses, taken);
    refuse_doubled(given, "web.probe-listen-address", web.probe_listen_addresses, taken);
}

void check_limits(Given& given, Web& web) {
    constexpr std::string_view flag = "web.max-connections-per-address";
    // Leave room for other clients if some don't read their answers.
    web.max_scrapes = std::min(web.max_scrapes, std::max<std::size_t>(1, web.max_connections / 2));
    if (web.max_connections_per_address > web.max_connections && given.find(flag) != nullptr &&
        !given.is_wrong(flag) && !given.is_wrong("web.max-connections")) {
        given.mistake(flag,
                      "{} is more than the limit for all addresses together, {} (--web.max-connections)",
                      web.max_connections_per_address, web.max_connections);
    }
    web.max_connections_per_address = std::min(web.max_connections_per_address, web.max_connections);
}

void check_telemetry_path(Given& given, const std::string& path) {
    constexpr std::array<std::string_view, 5> taken = {"/", "/config", "/healthz", "/livez", "/readyz"};
    const auto is_plain = [](char c) { return base::is_visible(c) && c != '?' && c != '#' && c != '%'; };
    if (!path.starts_with('/') || !std::all_of(path.begin(), path.end(), is_plain) ||
        std::find(taken.begin(), taken.end(), path) != taken.end()) {
        given.mistake("web.telemetry-path",
                      "{} can't be the path of the metrics: a path begins with /, contains no space and none "
                      "of ? # %, and is not one of {}; write it like /metrics",
                      base::quote(path), fmt::join(taken, " "));
    }
}

void set_probe_url(Given& given, Draft& draft) {
    const std::string& url = draft.probe;
    if (url.empty()) {
        if (draft.mode == Mode::probe && draft.web.systemd_socket &&
            draft.web.probe_listen_addresses.empty()) {
            given.mistake(
                "probe",
                "needs a URL when systemd holds the socket, such as --probe=http://localhost:10077/healthz");
        }
        return;
    }
    // Without a scheme, it is not a URL, wherever it is split.
    const std::size_t path = std::min(url.find_first_of("/?", url.find("://") + 3), url.size());
    auto endpoint = parse_base_url(url.substr(0, path));
    if (!endpoint) {
        given.mistake("probe", "{} is not a URL; write it like http://localhost:10078/readyz",
                      base::quote_url(url));
        return;
    }
    const std::string rest = url.substr(path);
    draft.probe_url = ProbeUrl{*std::move(endpoint), (rest.starts_with('/') ? "" : "/") + rest};
}

void check_once_output(Given& given, const Draft& draft) {
    const std::string& output = draft.once_output;
    if (output.empty()) {
        return;
    }
    if (draft.mode != Mode::once) {
        given.mistake("once.output", "has no effect without --once");
    } else if (const std::string fault = base::fault_in_target(output, base::Links::followed);
               !fault.empty()) {
        given.mistake("once.output", "{} {}; without --once.output the metrics go to standard output",
                      base::quote(output), fault);
    }
}

/// Permissions that let a holder take over the organization, disable its defences, destroy its data, or reach
/// other systems. Names: https://docs.datadoghq.com/account_management/rbac/permissions/
constexpr std::array<std::string_view, 46> privileged_scopes = {
    // Who has which permissions.
    "user_access_manage",
    "user_access_invite",
    "org_management",
    "org_connections_write",
    "org_group_write",
    "org_authorized_apps_write",
    "service_account_write",
    "governance_console_write",
    // Other credentials.
    "user_app_keys",
    "org_app_keys_write",
    "api_keys_read",
    "api_keys_write",
    "api_keys_delete",
    "client_tokens_write",
    // Money and audit trails.
    "billing_edit",
    "usage_edit",
    "audit_logs_write",
    // Data: destroyed, dropped, sent elsewhere, or unmasked.
    "logs_delete_data",
    "logs_modify_indexes",
    "logs_write_exclusion_filters",
    "logs_write_archives",
    "logs_write_forwarding_rules",
    "rum_delete_data",
    "data_scanner_write",
    "data_scanner_unmask",
    "observability_pipelines_delete",
    "observability_pipelines_deploy",
    // Defences.
    "security_monitoring_rules_write",
    "security_monitoring_suppressions_write",
    "security_monitoring_filters_write",
    "security_monitoring_cws_agent_rules_write",
    "security_monitoring_cws_agent_rules_actions",
    "appsec_protect_write",
    // Clouds, and code that runs elsewhere.
    "manage_integrations",
    "aws_configurations_manage",
    "azure_configurations_manage",
    "gcp_configurations_manage",
    "workflows_write",
    "workflows_run",
    "connections_write",
    "connections_resolve",
    "apm_remote_configuration_write",
    "debugger_write",
    "agent_upgrade_write",
    "synthetics_private_location_write",
    "synthetics_global_variable_write",
};

/// Valid, although it is one typo away from a privileged scope.
constexpr std::string_view neighbour = "oci_configurations_manage";

/// A misspelled scope would never match any token.
void check_scopes(Given& given, const std::vector<std::string>& privileged) {
    for (const std::string& scope : privileged) {
        const bool is_known =
            scope == neighbour ||
            std::find(privileged_scopes.begin(), privileged_scopes.end(), scope) != privileged_scopes.end();
        const auto nearest = is_known ? std::nullopt : base::nearest_spelling(scope, privileged_scopes);
        if (nearest) {
            given.warn("scopes.privileged", "{} is not a scope known to this version; did you mean {}?",
                       base::quote(scope), *nearest);
        }
    }
}

}  // namespace

void apply_rules(Given& given, const Environment& environment, Draft& draft) {
    set_mode(given, draft);
    check_ca_file(given, draft.ca_file);
    check_timeout(given, draft);
    check_interval(given, draft.poll);
    check_state_file(given, draft.state_file);
    set_shard(given, environment, draft);
    check_scopes(given, draft.scopes.privileged);
    check_sockets(given, draft.web);
    check_limits(given, draft.web);
    check_telemetry_path(given, draft.web.telemetry_path);
    check_once_output(given, draft);
    if (draft.config_watch && draft.config_file.empty()) {
        given.warn("config.watch", "has no effect without --config.file");
    }
    set_probe_url(given, draft);
    draft.web.world_readable =
        draft.allow_world_readable_secrets ? base::WorldReadable::allowed : base::WorldReadable::refused;
}

std::vector<std::string> default_privileged_scopes() {
    return {privileged_scopes.begin(), privileged_scopes.end()};
}

void keep_what_needs_restart(const Config& running, Given& given, Draft& draft) {
    Draft kept;
    kept.web = running.web;
    kept.state_file = running.state_file;
    kept.shard = running.shard;
    kept.log.format = running.log.format;
    kept.shard_index = draft.shard_index.empty() && running.shard.count == 1
                           ? std::string()
                           : fmt::to_string(running.shard.index);
    for (const Option& option : options()) {
        if (needs_restart(option) && member_texts(option, kept) != member_texts(option, draft)) {
            given.warn(option.flag, "can't change while the exporter runs; restart it");
        }
    }
    draft.web = std::move(kept.web);
    draft.state_file = std::move(kept.state_file);
    draft.shard = kept.shard;
    draft.log.format = kept.log.format;
    draft.shard_index = std::move(kept.shard_index);
}

}  // namespace exporter::config
