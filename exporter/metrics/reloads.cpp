#include "metrics/reloads.h"

#include "metrics/families.h"
#include "metrics/family_builder.h"

#include <utility>

namespace exporter::metrics {

void Reloads::succeeded(const std::string& file, base::Timestamp now) {
    const std::lock_guard lock(mutex_);
    files_[file] = {true, now};
}

void Reloads::failed(const std::string& file) {
    const std::lock_guard lock(mutex_);
    files_[file].was_successful = false;
}

std::vector<prometheus::MetricFamily> Reloads::Collect() const {
    FamilyBuilder successful(describe("datadog_access_token_exporter_config_last_reload_successful"));
    FamilyBuilder success(
        describe("datadog_access_token_exporter_config_last_reload_success_timestamp_seconds"));
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [file, last] : files_) {
            successful.add({file}, last.was_successful ? 1 : 0);
            if (last.success) {
                success.add({file}, unix_seconds(*last.success));
            }
        }
    }
    std::vector<prometheus::MetricFamily> families;
    for (FamilyBuilder* const family : {&successful, &success}) {
        if (!family->empty()) {
            families.push_back(std::move(*family).build());
        }
    }
    return families;
}

}  // namespace exporter::metrics
