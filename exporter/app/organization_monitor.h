// One organization from listing to snapshot: counts what its poller reads, keeps the last good inventory, and
// logs how polls went.
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

/// What all monitors share.
struct Surroundings {
    Log& log;
    std::shared_ptr<datadog::Commons> commons;
    state::StateKeeper* states = nullptr;  ///< null: nothing outlives a restart
    scan::Clock& clock = scan::system_clock();
    scan::Randomness randomness = scan::system_randomness;
    std::shared_ptr<MemoryReturn> memory = std::make_shared<MemoryReturn>(clock);
};

/// When an organization is polled relative to the others.
struct Schedule {
    std::chrono::milliseconds first_poll{0};  ///< from the start
    std::chrono::milliseconds phase{0};       ///< of the polls after it, in the interval
};

/// Whether the two name the same listing, before and after a reload: endpoint, filters, and under `--demo`
/// the simulated organization. Numbers and churn of one mean nothing for another.
[[nodiscard]] bool lists_the_same(const config::Organization& left, const config::Config& left_config,
                                  const config::Organization& right, const config::Config& right_config);

/// What findings are measured by.
[[nodiscard]] inventory::Policy policy_of(const config::Policy& policy);

/// Equal for two configurations that count the same listing alike: endpoint, filters, bounds, policies,
/// detail. A stored inventory with another fingerprint than the configuration's means something else. Holds
/// no secret.
[[nodiscard]] std::string fingerprint_of(const config::Organization& organization,
                                         const config::Config& config);

/// Is the source of its own pages: what lies behind it may change between two polls.
class OrganizationMonitor final : private scan::PollObserver, public scan::PageSource {
  public:
    /// Begins with the numbers that `surroundings.states` has of it, unless they are stale.
    ///
    /// @param on_change called on the thread that drives the poller whenever `snapshot` has something new
    OrganizationMonitor(const config::Organization& organization, const config::Config& config,
                        const Surroundings& surroundings, std::function<void()> on_change,
                        Schedule schedule = {});

    /// To be driven by one thread, with this object as its source.
    [[nodiscard]] scan::Poller& poller() { return poller_; }
    [[nodiscard]] datadog::Result<void> prepare() override { return source().prepare(); }
    [[nodiscard]] datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override {
        return source().page(number, deadline);
    }
    /// Where its pages come from: that of the last poll. Not beside a reload.
    [[nodiscard]] Source& source() { return *settings_->source; }

    // From any thread:
    /// Counts and polls by this configuration from the next poll on. Numbers stay until then. Where they are
    /// counted by other rules, churn starts anew.
    ///
    /// @param organization lists the same as the one before
    /// @param schedule only its phase is used, and only if the interval changes
    /// @param poll_now whether the next poll is due at once
    void reconfigure(const config::Organization& organization, const config::Config& config,
                     Schedule schedule, bool poll_now);
    /// Ends requests under way and refuses later ones.
    void cancel();
    [[nodiscard]] metrics::Snapshot snapshot() const;
    [[nodiscard]] web::OrganizationStatus status() const;
    [[nodiscard]] bool moving() const { return poller_.moving(); }

  private:
    /// What comes from the configuration and may change with it.
    struct Settings {
        base::Duration interval;
        base::Duration stale_after;
        std::string fingerprint;
        std::unique_ptr<Source> source;
        inventory::Rules rules;
        scan::PollerOptions poller;
    };
    struct Change {
        std::unique_ptr<Settings> settings;
        bool poll_now;
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

    // Used by the thread that drives the poller alone, and by workers that it has fetch pages:
    std::unique_ptr<Settings> settings_;                     ///< changed between polls, under mutex_
    std::unique_ptr<inventory::InventoryBuilder> builder_;   ///< of the reading under way
    std::unique_ptr<inventory::InventoryBuilder> finished_;  ///< of the reading before it
    std::shared_ptr<const inventory::Census> census_;
    std::shared_ptr<const inventory::Inventory>
        fresh_;  ///< published by the poll under way; shown when it has finished
    bool last_complete_ = true;
    inventory::Shown shown_;  ///< of the last inventory
    bool told_single_owner_ = false;
    bool told_omitted_ = false;
    bool told_slow_ = false;
    std::string told_credentials_problem_;
    std::bitset<datadog::error_kind_count>
        told_failures_;  ///< reasons that were logged since a poll succeeded
    bool told_unparsed_ = false;
    std::uint64_t response_bytes_ = 0;  ///< of all polls up to the last
    scan::Poller poller_;

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::optional<Change> change_;  ///< not taken up yet
    // Protected by mutex_ and written by that thread alone, which reads them without it:
    std::shared_ptr<const inventory::Inventory> inventory_;
    scan::Statistics statistics_;
};

}  // namespace exporter::app
