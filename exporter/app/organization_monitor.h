// One organization, from listing to snapshot: counts the tokens that its poller reads, keeps the last good
// inventory, and logs the outcome of polls.
#pragma once

#include "app/log.h"
#include "app/process.h"
#include "app/source.h"
#include "config/config.h"
#include "inventory/builder.h"
#include "metrics/catalog.h"
#include "scan/poller.h"
#include "state/state_keeper.h"
#include "web/status_page.h"

#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace exporter::app {

/// Shared by all monitors.
struct Surroundings {
    Log& log;
    std::shared_ptr<datadog::Commons> commons;
    state::StateKeeper* states = nullptr;  ///< null: no state survives a restart
    scan::Clock& clock = scan::system_clock();
    scan::Randomness randomness = scan::system_randomness;
    std::shared_ptr<MemoryReturn> memory = std::make_shared<MemoryReturn>(clock);
};

/// When an organization is polled relative to the others.
struct Schedule {
    std::chrono::milliseconds first_poll{0};  ///< from the start
    std::chrono::milliseconds phase{0};       ///< of later polls, within the interval
};

/// Whether both refer to the same listing, before and after a reload: the same endpoint and filters and, with
/// `--demo`, the same simulated organization. Numbers and churn can't be carried over to another listing.
[[nodiscard]] bool lists_the_same(const config::Organization& left, const config::Config& left_config,
                                  const config::Organization& right, const config::Config& right_config);

/// The thresholds of findings.
[[nodiscard]] inventory::Policy policy_of(const config::Policy& policy);

/// Equal if two configurations count the same listing in the same way: endpoint, filters, buckets, policies,
/// detail. A stored inventory with a different fingerprint can't be compared with new ones. Contains no
/// secret.
[[nodiscard]] std::string fingerprint_of(const config::Organization& organization,
                                         const config::Config& config);

/// Serves as its poller's page source, so that the actual source can be replaced between two polls.
class OrganizationMonitor final : private scan::PollObserver, public scan::PageSource {
  public:
    /// Starts with its numbers from `surroundings.states`, unless they are stale.
    ///
    /// @param on_change called on the thread that drives the poller, whenever `snapshot` has changed
    OrganizationMonitor(const config::Organization& organization, const config::Config& config,
                        const Surroundings& surroundings, std::function<void()> on_change,
                        Schedule schedule = {});

    /// Must be driven by one thread, with this object as its page source.
    [[nodiscard]] scan::Poller& poller() { return poller_; }
    [[nodiscard]] datadog::Result<void> prepare() override { return source().prepare(); }
    [[nodiscard]] datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override {
        return source().page(number, deadline);
    }
    /// The source of the last poll. Must not be used while a reload is possible.
    [[nodiscard]] Source& source() { return *settings_->source; }

    // From any thread:
    /// Applies this configuration from the next poll on; until then, the numbers stay. If the counting rules
    /// differ, churn restarts from zero.
    ///
    /// @param organization must list the same tokens as the current one
    /// @param schedule only its phase is used, and only if the interval has changed
    /// @param poll_now makes the next poll due at once
    void reconfigure(const config::Organization& organization, const config::Config& config,
                     Schedule schedule, bool poll_now);
    /// Ends requests in flight and refuses later ones.
    void cancel();
    [[nodiscard]] metrics::Snapshot snapshot() const;
    [[nodiscard]] web::OrganizationStatus status() const;
    [[nodiscard]] bool moving() const { return poller_.moving(); }

  private:
    /// Derived from the configuration, and replaced by a reload.
    struct Settings {
        base::Duration interval;
        base::Duration stale_after;
        std::string fingerprint;
        std::unique_ptr<Source> source;
        inventory::Rules rules;
        scan::PollerOptions poller;
    };
    [[nodiscard]] static std::unique_ptr<Settings> settings_of(const config::Organization& organization,
                                                               const config::Config& config,
                                                               const Surroundings& surroundings,
                                                               Schedule schedule);

    [[nodiscard]] std::optional<scan::PollerChange> take_change() override;
    void begin(base::Timestamp now) override;
    [[nodiscard]] bool add(const datadog::Token& token) override;
    void finish() override;
    void publish(const scan::Listing& listing) override;
    void poll_finished(const scan::Statistics& statistics) override;
    void became_stale(const scan::Statistics& statistics) override;

    void restore(const state::OrganizationState& earlier);
    void log_success(const scan::Statistics& statistics, std::uint64_t failures_before);
    void log_failure(const scan::Statistics& statistics);
    void log_credentials();
    void log_slowness(const scan::Statistics& statistics);
    void log_findings(const scan::Statistics& statistics, const inventory::Inventory& inventory);

    const std::string name_;
    const std::string url_;
    const bool lists_everything_;  ///< no filter is set
    const Surroundings surroundings_;
    Log& log_;
    const std::function<void()> on_change_;

    // Used only by the thread that drives the poller, and by workers that fetch pages for it:
    std::unique_ptr<Settings> settings_;                     ///< changed between polls, under mutex_
    std::unique_ptr<inventory::InventoryBuilder> builder_;   ///< of the scan in progress
    std::unique_ptr<inventory::InventoryBuilder> finished_;  ///< of the previous scan
    std::shared_ptr<const inventory::Census> census_;
    std::shared_ptr<const inventory::Inventory>
        fresh_;  ///< published by the poll in progress; shown when that has finished
    bool last_complete_ = true;
    inventory::Shown shown_;  ///< of the last inventory
    bool told_single_owner_ = false;
    bool told_omitted_ = false;
    bool told_slow_ = false;
    std::string told_credentials_problem_;
    std::bitset<datadog::error_kind_count>
        told_failures_;  ///< failures that were logged since the last success
    bool told_unparsed_ = false;
    std::uint64_t response_bytes_ = 0;  ///< of all polls
    scan::Poller poller_;

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::unique_ptr<Settings> next_settings_;  ///< not applied yet; null: none
    bool next_poll_is_due_ = false;            ///< as soon as the new settings apply
    // Protected by mutex_; written only by the driving thread, which reads them without the lock:
    std::shared_ptr<const inventory::Inventory> inventory_;
    scan::Statistics statistics_;
};

}  // namespace exporter::app
