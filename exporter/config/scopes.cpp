#include "config/scopes.h"

#include "base/nearest_name.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
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

/// All others, between blanks.
constexpr std::string_view other_scopes =
    "actions_interface_run agent_builder_read agent_builder_run agent_builder_write "
    "agent_flare_collection ai_gateway_config_read ai_gateway_config_write ai_gateway_usage "
    "ai_guard_evaluate apm_apdex_manage_write apm_api_catalog_read apm_api_catalog_write "
    "apm_generate_metrics apm_pipelines_read apm_pipelines_write apm_primary_operation_write apm_read "
    "apm_remote_configuration_read apm_retention_filter_read apm_retention_filter_write "
    "apm_service_catalog_read apm_service_catalog_write apm_service_ingest_read apm_service_ingest_write "
    "apm_service_renaming_write apm_tag_management_write apps_datastore_manage apps_datastore_read "
    "apps_datastore_write apps_form_manage apps_form_read apps_run apps_write appsec_activation_read "
    "appsec_activation_write appsec_event_rule_read appsec_event_rule_write appsec_protect_read "
    "appsec_vm_read appsec_vm_write assistant_access audience_management_read audience_management_write "
    "audit_logs_read aws_configuration_edit aws_configuration_read azure_configuration_edit "
    "azure_configuration_read billing_read bits_investigations_read bits_investigations_write "
    "bits_security_analyst_config_write bits_security_analyst_write cases_read "
    "cases_shared_settings_write cases_write cd_visibility_read ci_ingestion_control_write "
    "ci_provider_settings_write ci_visibility_pipelines_write ci_visibility_read "
    "ci_visibility_settings_write ci_visibility_write client_tokens_read cloud_cost_management_read "
    "cloud_cost_management_write cloudcraft_read code_analysis_read code_coverage_read "
    "connection_groups_read connection_groups_write connections_read containers_generate_image_metrics "
    "continuous_profiler_pgo_read continuous_profiler_read coterm_read coterm_write create_webhooks "
    "dashboards_embed_share dashboards_invite_share dashboards_public_share dashboards_read "
    "dashboards_write data_scanner_read data_streams_kafka_produce_message "
    "data_streams_monitoring_capture_messages dbm_parameterized_queries_read dbm_read ddsql_editor_read "
    "debugger_capture_variables debugger_read debugger_write_pre_prod disaster_recovery_status_read "
    "disaster_recovery_status_write dora_metrics_read dora_metrics_write dora_settings_write "
    "embeddable_graphs_share error_tracking_exclusion_filters_write error_tracking_read "
    "error_tracking_settings_write error_tracking_write event_config_write event_correlation_config_read "
    "event_correlation_config_write events_read external_provider_status_notifications_read "
    "external_provider_status_notifications_write facets_write feature_flag_config_read "
    "feature_flag_config_write feature_flag_environment_config_read feature_flag_environment_config_write "
    "fleet_policies_write flex_logs_config_write gcp_configuration_edit gcp_configuration_read "
    "generate_ccm_report_schedules generate_dashboard_reports generate_log_reports "
    "governance_console_read host_tags_write hosts_read incident_notification_settings_read "
    "incident_notification_settings_write incident_read incident_settings_read incident_settings_write "
    "incident_write incidents_private_global_access infrastructure_resource_policies_read "
    "infrastructure_resource_policies_write integrations_api integrations_read llm_observability_read "
    "llm_observability_write logs_generate_metrics logs_live_tail logs_read_archives logs_read_config "
    "logs_read_data logs_read_index_data logs_read_workspaces logs_write_facets "
    "logs_write_historical_view logs_write_pipelines logs_write_processors logs_write_workspaces "
    "manage_ccm_report_schedules manage_log_reports mcp_read mcp_write metric_tags_write "
    "metrics_metadata_write metrics_read monitor_config_policy_write monitors_downtime monitors_read "
    "monitors_write ndm_device_config_read ndm_device_profiles_edit ndm_device_profiles_view "
    "ndm_device_tags_write ndm_devices_read ndm_geomap_locations_write ndm_netflow_port_mappings_write "
    "network_connections_read network_health_insights_read notebooks_read notebooks_write "
    "observability_pipelines_capture_read observability_pipelines_capture_write "
    "observability_pipelines_read observability_pipelines_write oci_configuration_edit "
    "oci_configuration_read oci_configurations_manage on_call_admin on_call_page on_call_read "
    "on_call_respond on_call_write on_prem_runner_read on_prem_runner_use on_prem_runner_write "
    "orchestration_autoscaling_manage orchestration_custom_resource_definitions_write "
    "orchestration_workload_scaling_write org_app_keys_read org_connections_read org_group_read "
    "process_tags_read process_tags_write processes_generate_metrics product_analytics_apps_write "
    "product_analytics_certified_metrics_write product_analytics_experiments_read "
    "product_analytics_experiments_write product_analytics_metrics_read product_analytics_metrics_write "
    "product_analytics_saved_widgets_read product_analytics_saved_widgets_write "
    "product_analytics_settings_read product_analytics_settings_write "
    "product_analytics_warehouse_model_write quality_gate_rules_read quality_gate_rules_write "
    "quality_gates_evaluations_read reference_tables_read reference_tables_write rum_apps_read "
    "rum_apps_write rum_extend_retention rum_generate_metrics rum_playlist_write "
    "rum_retention_filters_read rum_retention_filters_write rum_session_replay_read rum_settings_write "
    "saved_views_write security_comments_read security_comments_write "
    "security_monitoring_critical_assets_read security_monitoring_critical_assets_write "
    "security_monitoring_cws_agent_rules_read security_monitoring_datasets_read "
    "security_monitoring_datasets_write security_monitoring_filters_read "
    "security_monitoring_findings_read security_monitoring_findings_write "
    "security_monitoring_notification_profiles_read security_monitoring_notification_profiles_write "
    "security_monitoring_rules_read security_monitoring_signals_read security_monitoring_signals_write "
    "security_monitoring_suppressions_read security_pipelines_read security_pipelines_write "
    "serverless_aws_instrumentation_read serverless_aws_instrumentation_write sheets_read sheets_write "
    "siem_entities_read slos_corrections slos_read slos_write static_analysis_settings_write "
    "status_pages_incident_write status_pages_settings_read status_pages_settings_write "
    "synthetics_default_settings_read synthetics_default_settings_write synthetics_global_variable_read "
    "synthetics_private_location_read synthetics_read synthetics_write teams_manage teams_read "
    "test_optimization_read test_optimization_settings_write test_optimization_write timeseries_query "
    "usage_notifications_read usage_notifications_write usage_read user_access_read watchdog_alerts_write "
    "workflows_read";

/// Both in one list, for a misspelt scope may be nearest to either.
std::vector<std::string_view> make_known_scopes() {
    std::vector<std::string_view> scopes(privileged_scopes.begin(), privileged_scopes.end());
    for (std::size_t begin = 0; begin < other_scopes.size();) {
        const std::size_t end = std::min(other_scopes.find(' ', begin), other_scopes.size());
        scopes.push_back(other_scopes.substr(begin, end - begin));
        begin = end + 1;
    }
    return scopes;
}

}  // namespace

std::vector<std::string> default_privileged_scopes() {
    return {privileged_scopes.begin(), privileged_scopes.end()};
}

std::vector<std::string> doubts_about_scopes(const std::vector<std::string>& scopes) {
    static const std::vector<std::string_view> known = make_known_scopes();
    std::vector<std::string> lines;
    for (const std::string& scope : scopes) {
        if (std::find(known.begin(), known.end(), scope) != known.end()) {
            continue;
        }
        if (const std::optional<std::string> nearest = base::nearest_spelling(scope, known)) {
            lines.push_back(fmt::format("{} is not a scope that this version knows; did you mean {}?",
                                        base::quote(scope), *nearest));
        }
    }
    return lines;
}

}  // namespace exporter::config
