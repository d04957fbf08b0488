// How it went when files were read again while the program ran.
#pragma once

#include "datadog/token.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace exporter::metrics {

/// The families `datadog_access_token_exporter_config_last_reload_*`, which mean what Prometheus' own
/// `prometheus_config_last_reload_*` do: the reading at the start is the first. Thread-safe.
class Reloads final : public prometheus::Collectable {
  public:
    /// @param file the label, such as `web`
    void succeeded(const std::string& file, base::Timestamp now);
    void failed(const std::string& file);

    /// Nothing of files that were never read.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    struct Last {
        bool was_successful = false;
        std::optional<base::Timestamp> success;
    };

    mutable std::mutex mutex_;
    std::map<std::string, Last> files_;  ///< protected by mutex_
};

}  // namespace exporter::metrics
