// All organizations polled and published: monitors, the dispatcher that drives them, the publisher that keeps
// the exposition up to date with what they found, the state that outlives a restart.
#pragma once

#include "app/log.h"
#include "app/organization_monitor.h"
#include "config/config.h"
#include "metrics/catalog.h"
#include "metrics/exposition.h"
#include "scan/poller.h"
#include "state/state_keeper.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace exporter::app {

/// Renders what changed: immediately, as long as rendering takes no more than a tenth of wall time; beyond
/// that, the changes of many organizations are rendered together a little later, on a thread of its own.
class Publisher {
  public:
    /// Makes one organization's snapshot. Thread-safe.
    using Snapshots = std::function<metrics::Snapshot(std::size_t organization)>;

    /// @param organizations how many there are
    /// @param store gets the expositions; must outlive the publisher
    Publisher(std::size_t organizations, Snapshots snapshots, metrics::ExpositionStore& store);

    /// This organization's snapshot has changed. From any thread. Throws if it can't be rendered because
    /// memory is exhausted; another try follows a second later, and no other organization is held up.
    void changed(std::size_t organization);

    /// Renders what changed, and what was never rendered, now; throws if some of it can't be rendered.
    void publish();

    /// Whether what is published has a first poll of every organization in it. From any thread.
    [[nodiscard]] bool has_everybody() const { return has_everybody_.load(); }

  private:
    using Time = std::chrono::steady_clock::time_point;

    void run(const std::stop_token& stop);
    [[nodiscard]] bool take_changed(std::size_t organization);
    void render(std::size_t organization);
    void join();
    void try_again_later(std::size_t first, std::size_t organizations) noexcept;

    const Snapshots snapshots_;
    metrics::ExpositionStore& store_;

    std::mutex publishing_;  ///< an older snapshot never replaces a newer one
    std::vector<std::shared_ptr<const metrics::CompressedLines>>
        lines_;                 ///< protected by publishing_; by organization
    std::vector<bool> polled_;  ///< likewise: whether the lines have a first poll in them

    std::atomic<bool> has_everybody_ = false;

    std::mutex mutex_;
    std::condition_variable_any something_changed_;
    // Protected by mutex_:
    std::vector<bool> changed_;  ///< by organization
    Time not_again_before_;      ///< after a failure
    Time paid_until_;            ///< until then, rendering so far has used up its share of wall time

    std::jthread thread_;  ///< last: it uses all of the above
};

/// Requests that may be under way at once, over all organizations.
[[nodiscard]] std::size_t workers_for(const config::Config& config);

/// All organizations and their common exposition.
class Monitoring {
  public:
    /// @param log must outlive this object
    /// @param reloads published with the process's own metrics; null: none. Must outlive this object
    Monitoring(const config::Config& config, Log& log, const metrics::Reloads* reloads = nullptr);

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
