// Keeps the exposition current while the snapshots of organizations change.
#pragma once

#include "metrics/catalog.h"
#include "metrics/exposition.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
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
    /// @param reported the only part whose failure is thrown; null: any part's
    void publish_changes(const Part* reported);
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

}  // namespace exporter::app
