// Polls and publishes all organizations: their monitors, the dispatcher that drives them, the publisher that
// keeps the exposition current, and the state that survives a restart.
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
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace exporter::app {

/// Renders changes immediately, as long as rendering takes no more than a tenth of wall time. Beyond that, it
/// batches the changes of many organizations and renders them slightly later, on its own thread.
class Publisher {
  public:
    /// One organization's part of the exposition.
    class Part {
      public:
        /// @param snapshot must be thread-safe
        explicit Part(std::function<metrics::Snapshot()> snapshot) : snapshot_(std::move(snapshot)) {}

      private:
        friend class Publisher;

        const std::function<metrics::Snapshot()> snapshot_;
        // Protected by publishing_:
        std::shared_ptr<const metrics::CompressedLines> lines_;
        bool is_polled_ = false;  ///< whether the lines include a first poll
        // Protected by mutex_:
        bool is_changed_ = true;
    };
    /// In the exposition's order; none is null.
    using Parts = std::vector<std::shared_ptr<Part>>;

    /// @param store receives the expositions; must outlive the publisher
    explicit Publisher(metrics::ExpositionStore& store);

    /// Sets the parts of the next exposition; call `publish` afterwards. From any thread.
    void set_parts(Parts parts);

    /// Reports that this part's snapshot has changed. From any thread. Throws if memory runs out while
    /// rendering the part; rendering is retried a second later, and no other organization is delayed.
    void changed(Part& part);

    /// Immediately renders every part that has changed or was never rendered. Throws if any of them can't be
    /// rendered.
    void publish();

    /// Whether an exposition has been published in which every organization had finished a first poll. From
    /// any thread. Stays true when organizations are added later, so that a ready pod stays ready.
    [[nodiscard]] bool had_everybody() const { return had_everybody_.load(); }

  private:
    using Time = std::chrono::steady_clock::time_point;

    void run(const std::stop_token& stop);
    [[nodiscard]] bool take_changed(Part& part);
    static void render(Part& part);
    void join();
    void try_again_later(std::span<const std::shared_ptr<Part>> parts) noexcept;

    metrics::ExpositionStore& store_;

    std::mutex publishing_;  ///< an older snapshot never replaces a newer one; taken before mutex_

    std::atomic<bool> had_everybody_ = false;

    std::mutex mutex_;
    std::condition_variable_any something_changed_;
    // Protected by mutex_:
    Parts parts_;            ///< and by publishing_; either lock is enough to read it
    Time not_again_before_;  ///< after a failure
    Time paid_until_;        ///< until then, rendering has used up its share of wall time

    std::jthread thread_;  ///< last: it uses all of the above
};

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
