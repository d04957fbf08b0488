// One organization from listing to snapshot: receives what its poller reads, counts it, and keeps the last
// good inventory.
#pragma once

#include "app/client_source.h"
#include "app/log.h"
#include "config/config.h"
#include "inventory/builder.h"
#include "metrics/collectables.h"
#include "scan/poller.h"
#include "web/organization_status.h"

#include <bitset>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace exporter::app {

class OrganizationMonitor final : private scan::ListingSink, private scan::PollObserver {
  public:
    /// @param on_change called on the polling thread whenever `snapshot` has something new
    OrganizationMonitor(const config::Organization& organization, const config::Config& config, Log& log,
                        std::function<void()> on_change, scan::Clock& clock = scan::system_clock(),
                        scan::Randomness& randomness = scan::system_randomness());
    OrganizationMonitor(const OrganizationMonitor&) = delete;
    OrganizationMonitor& operator=(const OrganizationMonitor&) = delete;
    ~OrganizationMonitor() override = default;

    /// Polls until `stop` is requested.
    void run(const std::stop_token& stop);
    /// Polls once. True: published.
    [[nodiscard]] bool poll_once();
    /// Ends a request under way, so that `run` returns soon. From any thread.
    void cancel() { source_.cancel(); }

    // From any thread:
    [[nodiscard]] metrics::Snapshot snapshot() const;
    [[nodiscard]] web::OrganizationStatus status() const;
    [[nodiscard]] bool moving() const { return poller_.moving(); }
    [[nodiscard]] bool attempted() const { return poller_.attempted(); }

  private:
    void begin(datadog::Timestamp now) override;
    void add(const datadog::Token& token) override;
    void finish() override;
    void publish(const scan::Listing& listing) override;
    void poll_finished(const scan::PollReport& report, const scan::Statistics& statistics) override;
    void became_stale(const scan::Statistics& statistics) override;

    void log_success(const scan::PollReport& report);
    void log_failure(const scan::PollReport& report, bool have_numbers);
    void log_credentials();
    void log_slowness(const scan::PollReport& report);
    void log_findings(const scan::PollReport& report, const scan::Statistics& statistics,
                      const inventory::Inventory& inventory);

    const std::string name_;
    const std::string url_;
    const bool lists_everything_;  ///< no filter is set
    const config::Duration interval_;
    const config::Duration stale_after_;
    Log& log_;
    const std::function<void()> on_change_;

    // Used by the polling thread alone:
    ClientSource source_;
    const inventory::Rules rules_;
    std::unique_ptr<inventory::InventoryBuilder> builder_;   ///< of the reading under way
    std::unique_ptr<inventory::InventoryBuilder> finished_;  ///< of the reading before it
    std::shared_ptr<const inventory::Census> census_;
    std::shared_ptr<const inventory::Inventory>
        fresh_;  ///< published by the poll under way; shown when it has finished
    std::shared_ptr<const web::TokenNumbers> fresh_numbers_;  ///< the same for people
    bool last_complete_ = true;
    bool told_single_owner_ = false;
    bool told_slow_ = false;
    std::string told_credentials_problem_;
    std::bitset<datadog::error_kind_count>
        told_failures_;  ///< reasons that were logged since a poll succeeded
    bool told_unparsed_ = false;
    scan::Poller poller_;

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::shared_ptr<const inventory::Inventory> inventory_;
    scan::Statistics statistics_;
    std::shared_ptr<const web::TokenNumbers> numbers_;  ///< of `inventory_`
    std::optional<web::LastPoll> last_poll_;
};

}  // namespace exporter::app
