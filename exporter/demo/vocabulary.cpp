#include "demo/vocabulary.h"

#include <array>

namespace exporter::demo {
namespace {

using namespace std::string_view_literals;

constexpr std::array scopes = {
    "dashboards_read"sv,
    "metrics_read"sv,
    "monitors_read"sv,
    "logs_read_data"sv,
    "events_read"sv,
    "timeseries_query"sv,
    "apm_read"sv,
    "hosts_read"sv,
    "synthetics_read"sv,
    "slos_read"sv,
    "dashboards_write"sv,
    "monitors_write"sv,
    "incident_read"sv,
    "logs_read_index_data"sv,
    "notebooks_read"sv,
    "monitors_downtime"sv,
    "logs_write_pipelines"sv,
    "synthetics_write"sv,
    "slos_write"sv,
    "usage_read"sv,
    "rum_apps_read"sv,
    "user_access_read"sv,
    "teams_read"sv,
    "incident_write"sv,
    "ci_visibility_read"sv,
    "security_monitoring_signals_read"sv,
    "notebooks_write"sv,
    "metric_tags_write"sv,
    "logs_generate_metrics"sv,
    "apm_service_catalog_read"sv,
    "integrations_api"sv,
    "workflows_read"sv,
    "org_app_keys_read"sv,
    "create_webhooks"sv,
    "security_monitoring_rules_read"sv,
    "cases_read"sv,
    "synthetics_global_variable_read"sv,
    "code_analysis_read"sv,
    "test_optimization_read"sv,
    "apm_service_catalog_write"sv,
    "user_app_keys"sv,
    "logs_write_archives"sv,
    "workflows_run"sv,
    "manage_integrations"sv,
    "audit_logs_read"sv,
    "dashboards_public_share"sv,
    "security_monitoring_rules_write"sv,
    "data_scanner_read"sv,
    "api_keys_read"sv,
    "teams_manage"sv,
    "user_access_invite"sv,
    "billing_read"sv,
    "api_keys_write"sv,
    "service_account_write"sv,
    "org_app_keys_write"sv,
    "user_access_manage"sv,
    "org_management"sv,
    "logs_delete_data"sv,
};

constexpr std::array names = {
    "ada"sv,    "amina"sv,  "björn"sv,  "carlos"sv, "chloé"sv,  "dmitri"sv, "elif"sv,
    "femi"sv,   "giulia"sv, "hana"sv,   "ines"sv,   "jamal"sv,  "kofi"sv,   "linh"sv,
    "maya"sv,   "noor"sv,   "olga"sv,   "priya"sv,  "quinn"sv,  "ravi"sv,   "søren"sv,
    "tomoko"sv, "uma"sv,    "viktor"sv, "wen"sv,    "ximena"sv, "yusuf"sv,  "zoë"sv,
};

constexpr std::array team_names = {
    "payments"sv, "checkout"sv, "platform"sv, "search"sv, "identity"sv, "mobile"sv,
    "data"sv,     "security"sv, "growth"sv,   "sre"sv,    "billing"sv,  "logistics"sv,
};

constexpr std::array purposes = {
    "laptop"sv,    "cli"sv,     "notebook"sv,         "terraform"sv,
    "debugging"sv, "postman"sv, "dashboard export"sv, "test"sv,
};

constexpr std::array machine_roles = {
    "ci-deploy"sv,    "terraform"sv,    "dashboards-sync"sv,   "slo-report"sv,
    "backup"sv,       "alert-router"sv, "synthetics-runner"sv, "log-archiver"sv,
    "incident-bot"sv, "cost-report"sv,  "release-gate"sv,      "inventory"sv,
};

constexpr std::array stages = {"prod"sv, "staging"sv, "dev"sv, "eu"sv, "us"sv};

constexpr std::array awkward = {
    R"(Grafana "prod" \ sync)"sv,
    "two\nlines\tand a tab"sv,
    "東京 ダッシュボード"sv,
    "<script>alert('hi')</script>"sv,
    "отчёт по инцидентам 🚨"sv,
    "tööken {of} \"everyone\""sv,
    " "sv,
    "لوحة المراقبة"sv,
};

}  // namespace

std::span<const std::string_view> known_scopes() {
    return scopes;
}
std::span<const std::string_view> first_names() {
    return names;
}
std::span<const std::string_view> teams() {
    return team_names;
}
std::span<const std::string_view> personal_purposes() {
    return purposes;
}
std::span<const std::string_view> machine_purposes() {
    return machine_roles;
}
std::span<const std::string_view> environments() {
    return stages;
}
std::span<const std::string_view> awkward_names() {
    return awkward;
}

}  // namespace exporter::demo
