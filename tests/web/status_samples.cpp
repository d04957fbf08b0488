#include "status_samples.h"

#include <cstddef>
#include <utility>

namespace exporter::web {

using namespace std::chrono_literals;
using datadog::OwnerType;
using datadog::TokenType;
using inventory::Risk;

base::Timestamp now() {
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + 19h + 10min + 16s + 500ms;
}

PageSettings sample_settings() {
    return {.version = "1.2.3",
            .interval = 5min,
            .stale_after = 1h,
            .max_lifetime = 24h * 365,
            .max_idle = 24h * 90};
}

inventory::Inventory sample_inventory() {
    inventory::Inventory inventory;
    inventory.as_of = now() - 2min - 500ms;
    inventory.tokens = 13;
    inventory.expiry_buckets = {"expired", "under_1d", "over_1d", "never", "unknown"};
    inventory.by_expiry.at(TokenType::personal, OwnerType::user) = {1, 1, 3, 0, 0};
    inventory.by_expiry.at(TokenType::personal, OwnerType::unknown) = {0, 1, 0, 0, 0};
    inventory.by_expiry.at(TokenType::service, OwnerType::service_account) = {0, 0, 2, 5, 0};
    const auto at_risk = [&inventory](Risk risk) -> inventory::Count& {
        return inventory.at_risk.at(static_cast<std::size_t>(risk))
            .at(TokenType::service, OwnerType::service_account);
    };
    at_risk(Risk::never_expires_privileged) = 4;
    at_risk(Risk::never_expires) = 5;
    inventory.distinct_owners = 3;
    return inventory;
}

OrganizationStatus waiting(std::string name) {
    OrganizationStatus status;
    status.name = std::move(name);
    status.endpoint = "https://api.datadoghq.eu";
    return status;
}

OrganizationStatus healthy(std::string name, const Change& change) {
    inventory::Inventory inventory = sample_inventory();
    if (change) {
        change(inventory);
    }
    OrganizationStatus status = waiting(std::move(name));
    scan::Statistics& statistics = status.statistics;
    statistics.polls = 1;
    statistics.last_attempt = statistics.last_success = inventory.as_of;
    statistics.last_duration = 1.2s;
    statistics.last_pages = 5;
    statistics.listing = {.complete = true,
                          .tokens = inventory.tokens,
                          .duplicates = 0,
                          .reported_tokens = inventory.tokens,
                          .as_of = inventory.as_of,
                          .began = inventory.as_of};
    statistics.rate_limit = 300;
    statistics.rate_limit_remaining = 295;
    statistics.rate_limit_reset = now() + 55s;
    status.inventory = std::make_shared<const inventory::Inventory>(std::move(inventory));
    return status;
}

OrganizationStatus forbidden(std::string name) {
    OrganizationStatus status = waiting(std::move(name));
    status.statistics.polls = 3;
    status.statistics.last_attempt = now() - 20s;
    status.statistics.last_duration = 250ms;
    status.statistics.last_error = datadog::Error{.kind = datadog::ErrorKind::forbidden,
                                                  .message = "403 from api.datadoghq.eu: Forbidden",
                                                  .retry_after = {},
                                                  .advice = "wrong site, or the key lacks org_app_keys_read"};
    status.statistics.failures_in_a_row = 3;
    return status;
}

}  // namespace exporter::web
