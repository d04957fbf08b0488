// Polls and publishes all organizations: their monitors, the dispatcher that drives them, the publisher that
// keeps the exposition current, and the state that survives a restart.
#pragma once

#include "app/log.h"
#include "app/organization_monitor.h"
#include "app/publisher.h"
#include "config/config.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "scan/poller.h"
#include "state/state_keeper.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace exporter::app {

/// Number of requests that may be in flight at once, over all organizations.
[[nodiscard]] std::size_t workers_for(const config::Config& config);

/// All organizations and their common exposition.
class Monitoring {
  public:
    /// @param log must outlive this object
    /// @param reloads published with the process's own metrics; null: none. Must outlive this object
    Monitoring(config::Config config, Log& log, const metrics::Reloads* reloads = nullptr);

    /// Applies another configuration while polls and scrapes continue. Added organizations are polled at
    /// once, as are those whose own settings changed. Removed ones lose their series with the next
    /// exposition. Organizations that list the same tokens as before keep their numbers, their schedule and
    /// any poll in progress; new settings apply from their next poll on. One thread at a time.
    ///
    /// @param config has the same state file as the current one
    void reconfigure(config::Config config);

    /// The configuration in effect. From any thread.
    [[nodiscard]] std::shared_ptr<const config::Config> config() const;

    /// Polls all organizations until `stop`, with a fixed number of threads.
    void start();
    /// Ends polls in progress and saves the state. May block: neither an unresponsive name server nor a write
    /// to a hanging disk can be interrupted.
    void stop();

    /// Whether some state is not in the state file yet. Never waits for the disk.
    [[nodiscard]] bool has_unsaved_state() const;

    /// Polls each organization once. True: all were published.
    [[nodiscard]] bool poll_once();

    [[nodiscard]] const metrics::ExpositionStore& expositions() const { return expositions_; }
    /// The current exposition, as uncompressed text format.
    [[nodiscard]] std::string text() const;

    /// Whether the scheduler thread makes progress and, if there are organizations, the polls of at least one
    /// do too.
    [[nodiscard]] bool alive() const;
    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::vector<web::OrganizationStatus> statuses() const;

  private:
    /// An organization and its part of the exposition.
    struct Monitored;
    struct Entry;
    struct InEffect {
        config::Config config;
        std::vector<std::shared_ptr<Monitored>> organizations;  ///< those of `config`, in its order

        /// nullopt: there is no such organization.
        [[nodiscard]] std::optional<Entry> find(const std::string& name) const;
    };

    [[nodiscard]] std::shared_ptr<const InEffect> in_effect() const;
    /// Builds what `config` asks for, reusing monitors where possible. Doesn't publish or poll yet.
    [[nodiscard]] std::shared_ptr<const InEffect> apply(config::Config config, const InEffect& before);
    void log_changes(const InEffect& before, const InEffect& after);
    void show(std::shared_ptr<const InEffect> next);

    Log& log_;
    metrics::ExpositionStore expositions_;
    std::unique_ptr<state::StateKeeper> states_;  ///< null: no state survives a restart
    const Surroundings surroundings_;
    Publisher publisher_;

    mutable std::mutex mutex_;
    std::shared_ptr<const InEffect> in_effect_;  ///< protected by mutex_; never null

    scan::Dispatcher dispatcher_;
    std::jthread polling_;  ///< last: it uses all of the above
};

}  // namespace exporter::app
