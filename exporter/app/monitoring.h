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
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace exporter::app {

/// Renders what changed: immediately, as long as rendering takes no more than a tenth of wall time; beyond
/// that, the changes of many organizations are rendered together a little later, on a thread of its own.
class Publisher {
  public:
    /// One organization's part of the exposition.
    class Part {
      public:
        /// @param snapshot thread-safe
        explicit Part(std::function<metrics::Snapshot()> snapshot) : snapshot_(std::move(snapshot)) {}

      private:
        friend class Publisher;

        const std::function<metrics::Snapshot()> snapshot_;
        // Protected by publishing_:
        std::shared_ptr<const metrics::CompressedLines> lines_;
        bool is_polled_ = false;  ///< whether the lines have a first poll in them
        // Protected by mutex_:
        bool is_changed_ = true;
    };
    /// In the exposition's order; none is null.
    using Parts = std::vector<std::shared_ptr<Part>>;

    /// @param store gets the expositions; must outlive the publisher
    explicit Publisher(metrics::ExpositionStore& store);

    /// The expositions consist of these from the next one on: call `publish` then. From any thread.
    void set_parts(Parts parts);

    /// The snapshot of this part has changed. From any thread. Throws if it can't be rendered because memory
    /// is exhausted; another try follows a second later, and no other organization is held up.
    void changed(Part& part);

    /// Renders what changed, and what was never rendered, now; throws if some of it can't be rendered.
    void publish();

    /// Whether there was an exposition with a first poll of every organization in it. From any thread. An
    /// organization that comes later doesn't change it: a pod that was ready goes on being scraped.
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
    Parts parts_;            ///< and by publishing_: whoever has one of the two may read it
    Time not_again_before_;  ///< after a failure
    Time paid_until_;        ///< until then, rendering so far has used up its share of wall time

    std::jthread thread_;  ///< last: it uses all of the above
};

/// Requests that may be under way at once, over all organizations.
[[nodiscard]] std::size_t workers_for(const config::Config& config);

/// All organizations and their common exposition.
class Monitoring {
  public:
    /// @param log must outlive this object
    /// @param reloads published with the process's own metrics; null: none. Must outlive this object
    Monitoring(config::Config config, Log& log, const metrics::Reloads* reloads = nullptr);

    /// Goes over to another configuration while polls and scrapes go on. Organizations that came are polled
    /// at once, and so are those whose own settings changed; those that went lose their series with the next
    /// exposition. Those that list the same tokens as before keep their numbers, their schedule and a poll
    /// under way, and go by other settings from the next poll on. One thread at a time.
    ///
    /// @param config with the state file of the one before
    void reconfigure(config::Config config);

    /// The configuration in effect. From any thread.
    [[nodiscard]] std::shared_ptr<const config::Config> config() const;

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
    /// An organization and its part of the exposition.
    struct Monitored;
    struct InEffect {
        config::Config config;
        std::vector<std::shared_ptr<Monitored>> organizations;  ///< those of `config`, in its order
    };

    [[nodiscard]] std::shared_ptr<const InEffect> in_effect() const;
    /// Makes what `config` asks for out of what there is. Shows and polls nothing yet.
    /// @param last null: this is the start
    [[nodiscard]] std::shared_ptr<const InEffect> apply(config::Config config, const InEffect* last);
    void show(std::shared_ptr<const InEffect> next);

    Log& log_;
    metrics::ExpositionStore expositions_;
    std::unique_ptr<state::StateKeeper> states_;  ///< null: nothing outlives a restart
    const Surroundings surroundings_;
    Publisher publisher_;

    mutable std::mutex mutex_;
    std::shared_ptr<const InEffect> in_effect_;  ///< protected by mutex_; never null

    scan::Dispatcher dispatcher_;
    std::jthread polling_;  ///< last: it uses all of the above
};

}  // namespace exporter::app
