// Keeps the exposition up to date: from snapshots to what a scrape gets.
#pragma once

#include "metrics/catalog.h"
#include "metrics/exposition.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
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
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    ~Publisher() = default;

    /// This organization's snapshot has changed. From any thread. Throws if it can't be rendered because
    /// memory is exhausted; another try follows a second later, and no other organization is held up.
    void changed(std::size_t organization);

    /// Renders what changed, now; throws if some of it can't be rendered.
    void publish();

    /// Whether what is published has a first poll of every organization in it. From any thread.
    [[nodiscard]] bool has_everybody() const { return has_everybody_.load(); }

  private:
    using Time = std::chrono::steady_clock::time_point;

    void run(const std::stop_token& stop);
    [[nodiscard]] bool take_changed(std::size_t organization);
    void render(std::size_t organization);
    void join();
    void try_again_later(std::optional<std::size_t> organization) noexcept;
    [[nodiscard]] bool something_is_changed() const;
    [[nodiscard]] Time affordable_at(Time now) const;

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
    bool joined_ = true;         ///< what was rendered last is published
    bool late_ = false;          ///< the thread is to render what changed
    Time not_again_before_;      ///< after a failure
    Time paid_until_;            ///< until then, rendering so far has used up its share of wall time

    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace exporter::app
