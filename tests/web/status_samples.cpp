#include "status_samples.h"

#include <utility>

namespace exporter::web {

using namespace std::chrono_literals;

Moment now() {
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + 19h + 10min + 16s + 500ms;
}

TokenNumbers sample_numbers() {
    TokenNumbers numbers;
    numbers.as_of = now() - 2min - 500ms;
    numbers.tokens = 13;
    numbers.buckets = {{"expired", BucketKind::expired},
                       {"under_1d", BucketKind::ahead},
                       {"over_1d", BucketKind::ahead},
                       {"never", BucketKind::never},
                       {"unknown", BucketKind::unreadable}};
    numbers.types = {{"personal", {1, 2, 3, 0, 0}}, {"service", {0, 0, 2, 5, 0}}, {"other", {0, 0, 0, 0, 0}}};
    numbers.findings = {{"never_expires_privileged", "never expire and have a privileged scope", 4},
                        {"leaked", "are reported as leaked", std::nullopt},
                        {"never_expires", "never expire", 5}};
    numbers.reported = 13;
    return numbers;
}

OrganizationStatus waiting(std::string name) {
    OrganizationStatus status;
    status.name = std::move(name);
    status.endpoint = "https://api.datadoghq.eu";
    status.interval = 5min;
    status.stale_after = 1h;
    return status;
}

OrganizationStatus healthy(std::string name) {
    OrganizationStatus status = waiting(std::move(name));
    status.last_success = now() - 2min - 500ms;
    status.last_poll = LastPoll{*status.last_success, 1.2s, 5, 0, std::nullopt};
    status.numbers = std::make_shared<const TokenNumbers>(sample_numbers());
    status.rate_limit = {300, 295, now() + 55s};
    return status;
}

OrganizationStatus forbidden(std::string name) {
    OrganizationStatus status = waiting(std::move(name));
    status.last_poll = LastPoll{now() - 20s, 250ms, 0, 3,
                                Failure{"forbidden", "403 from api.datadoghq.eu: Forbidden",
                                        "wrong site, or the key lacks org_app_keys_read"}};
    return status;
}

}  // namespace exporter::web
