// All organizations polled and published: monitors, the dispatcher that drives them, the publisher that
// renders what they found, the state that outlives a restart.
#pragma once

#include "app/log.h"
#include "app/organization_monitor.h"
#include "app/publisher.h"
#include "config/config.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "scan/poller.h"
#include "state/state_keeper.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace exporter::app {

/// All organizations and their common exposition.
class Monitoring {
  public:
    /// @param log must outlive this object
    /// @param reloads published with the process's own metrics; null: none. Must outlive this object
    Monitoring(const config::Config& config, Log& log, const metrics::Reloads* reloads = nullptr);
    Monitoring(const Monitoring&) = delete;
    Monitoring& operator=(const Monitoring&) = delete;
    ~Monitoring();

    /// Polls all organizations until `stop`, with the same few threads however many there are.
    void start();
    /// Ends polls under way and saves what outlives the process. It takes as long as it takes: a name server
    /// that does not answer can't be cut short, nor a write to a disk that hangs.
    void stop();

    /// Whether anything that should outlive the process is not in the state file. Waits for no disk.
    [[nodiscard]] bool has_unsaved_state() const;

    /// Polls each organization once. True: all were published.
    [[nodiscard]] bool poll_once();

    [[nodiscard]] const metrics::ExpositionStore& expositions() const { return expositions_; }
    /// What a scrape of the text format without compression would get, now.
    [[nodiscard]] std::string text() const;

    /// Whether the scheduler thread moves, and the polls of at least one organization where there is any.
    [[nodiscard]] bool alive() const;
    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::vector<web::OrganizationStatus> statuses() const;

  private:
    metrics::ExpositionStore expositions_;
    std::unique_ptr<state::StateKeeper> states_;  ///< null: nothing outlives a restart
    std::vector<std::unique_ptr<OrganizationMonitor>> monitors_;
    Publisher publisher_;
    std::optional<scan::Dispatcher> dispatcher_;
    std::jthread polling_;  ///< last: it uses all of the above
};

}  // namespace exporter::app
