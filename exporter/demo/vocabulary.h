// The vocabulary of the simulated organization.
#pragma once

#include <array>
#include <string_view>

namespace exporter::demo {

/// Datadog's permissions, the most granted first.
inline constexpr auto known_scopes = std::to_array<std::string_view>({
    "dashboards_read",
    "metrics_read",
    "monitors_read",
    "logs_read_data",
    "events_read",
    "timeseries_query",
    "apm_read",
    "hosts_read",
    "synthetics_read",
    "slos_read",
    "dashboards_write",
    "monitors_write",
    "incident_read",
    "logs_read_index_data",
    "notebooks_read",
    "monitors_downtime",
    "logs_write_pipelines",
    "synthetics_write",
    "slos_write",
    "usage_read",
    "rum_apps_read",
    "user_access_read",
    "teams_read",
    "incident_write",
    "ci_visibility_read",
    "security_monitoring_signals_read",
    "notebooks_write",
    "metric_tags_write",
    "logs_generate_metrics",
    "apm_service_catalog_read",
    "integrations_api",
    "workflows_read",
    "org_app_keys_read",
    "create_webhooks",
    "security_monitoring_rules_read",
    "cases_read",
    "synthetics_global_variable_read",
    "code_analysis_read",
    "test_optimization_read",
    "apm_service_catalog_write",
    "user_app_keys",
    "logs_write_archives",
    "workflows_run",
    "manage_integrations",
    "audit_logs_read",
    "dashboards_public_share",
    "security_monitoring_rules_write",
    "data_scanner_read",
    "api_keys_read",
    "teams_manage",
    "user_access_invite",
    "billing_read",
    "api_keys_write",
    "service_account_write",
    "org_app_keys_write",
    "user_access_manage",
    "org_management",
    "logs_delete_data",
});

inline constexpr auto first_names = std::to_array<std::string_view>(
    {"ada",   "amina",  "björn", "carlos", "chloé", "dmitri", "elif",  "femi",  "giulia", "hana",
     "ines",  "jamal",  "kofi",  "linh",   "maya",  "noor",   "olga",  "priya", "quinn",  "ravi",
     "søren", "tomoko", "uma",   "viktor", "wen",   "ximena", "yusuf", "zoë"});

/// Last names in lower-case ASCII, as in e-mail addresses.
inline constexpr auto last_names = std::to_array<std::string_view>(
    {"adeyemi", "andersen", "berg",   "castillo", "demir",  "duarte", "fischer", "haddad",
     "ivanova", "kaplan",   "kimura", "lefevre",  "mensah", "moreau", "nguyen",  "okafor",
     "patel",   "rossi",    "silva",  "tanaka",   "vega",   "walker", "yilmaz",  "zhang"});

inline constexpr auto teams =
    std::to_array<std::string_view>({"payments", "checkout", "platform", "search", "identity", "mobile",
                                     "data", "security", "growth", "sre", "billing", "logistics"});

/// What a person's token is for.
inline constexpr auto personal_purposes = std::to_array<std::string_view>(
    {"laptop", "cli", "notebook", "terraform", "debugging", "postman", "dashboard export", "test"});

/// What a machine's token is for.
inline constexpr auto machine_purposes = std::to_array<std::string_view>(
    {"ci-deploy", "terraform", "dashboards-sync", "slo-report", "backup", "alert-router", "synthetics-runner",
     "log-archiver", "incident-bot", "cost-report", "release-gate", "inventory"});

inline constexpr auto environments = std::to_array<std::string_view>({"prod", "staging", "dev", "eu", "us"});

/// Names that break naive escaping: quotes, backslashes, newlines, markup, other scripts, a single space.
inline constexpr auto awkward_names = std::to_array<std::string_view>({
    R"(Grafana "prod" \ sync)",
    "two\nlines\tand a tab",
    "東京 ダッシュボード",
    "<script>alert('hi')</script>",
    "отчёт по инцидентам 🚨",
    "tööken {of} \"everyone\"",
    " ",
    "لوحة المراقبة",
});

}  // namespace exporter::demo
