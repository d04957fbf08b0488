#include "base/text.h"
#include "config/config.h"
#include "config/options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace exporter::config {
namespace {

/// Permissions whose holder can take over the organization, switch its defences off, destroy its data, or
/// reach beyond it. Names: https://docs.datadoghq.com/account_management/rbac/permissions/
constexpr std::array<std::string_view, 46> privileged_scopes = {
    // Who may do what.
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
    // Money and evidence.
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

/// As near to a privileged one as a typing error, and right.
constexpr std::string_view neighbour = "oci_configurations_manage";

}  // namespace

std::vector<std::string> default_privileged_scopes() {
    return {privileged_scopes.begin(), privileged_scopes.end()};
}

void check_scopes(Given& given, const std::vector<std::string>& privileged) {
    for (const std::string& scope : privileged) {
        const bool is_known =
            scope == neighbour ||
            std::find(privileged_scopes.begin(), privileged_scopes.end(), scope) != privileged_scopes.end();
        const auto nearest = is_known ? std::nullopt : base::nearest_spelling(scope, privileged_scopes);
        if (nearest) {
            given.warn("scopes.privileged", "{} is not a scope that this version knows; did you mean {}?",
                       base::quote(scope), *nearest);
        }
    }
}

}  // namespace exporter::config
