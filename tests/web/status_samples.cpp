#include "status_samples.h"

#include <cstddef>
#include <utility>

namespace exporter::web {

using namespace std::chrono_literals;
using datadog::OwnerType;
using datadog::TokenType;
using inventory::Finding;

base::Timestamp now() {
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + 19h + 10min + 16s + 500ms;
}

PageSettings sample_settings() {
    return {.version = "1.2.3",
            .interval = 5min,
            .stale_after = 1h,
            .policy = {.max_lifetime = 24h * 365, .max_idle = 24h * 90}};
}

inventory::Inventory sample_inventory() {
    inventory::Inventory inventory;
    inventory.as_of = now() - 2min - 500ms;
    inventory.tokens = 13;
    inventory.expiry_buckets = {"expired", "under_1d", "over_1d", "never", "unknown"};
    inventory.by_expiry.at(TokenType::personal, OwnerType::user) = {1, 1, 3, 0, 0};
    inventory.by_expiry.at(TokenType::personal, OwnerType::unknown) = {0, 1, 0, 0, 0};
    inventory.by_expiry.at(TokenType::service, OwnerType::service_account) = {0, 0, 2, 5, 0};
    tokens_with(inventory, Finding::never_expires_privileged) = 4;
    tokens_with(inventory, Finding::never_expires) = 5;
    inventory.single_owner = false;
    return inventory;
}

inventory::Count& tokens_with(inventory::Inventory& inventory, Finding finding) {
    return inventory.at_risk.at(static_cast<std::size_t>(finding))
        .at(TokenType::service, OwnerType::service_account);
}

void leak_one(inventory::Inventory& inventory) {
    inventory.leaks_reported = true;
    tokens_with(inventory, Finding::leaked) = 1;
}

inventory::TokenDetail detail_of(const std::string& name, std::initializer_list<Finding> findings) {
    inventory::TokenDetail detail{.id = "id-of-" + name, .name = name, .owner_id = "owner-of-" + name};
    for (const Finding finding : findings) {
        detail.findings.set(static_cast<std::size_t>(finding));
    }
    return detail;
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
