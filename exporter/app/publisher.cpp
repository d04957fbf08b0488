#include "app/publisher.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace exporter::app {

namespace {

/// Rendering gets at most this part of wall time.
constexpr int part_of_time = 10;

/// How far rendering may run ahead of its share: a few organizations are always rendered immediately.
constexpr std::chrono::seconds allowance{10};

constexpr std::chrono::seconds pause_after_failure{1};

}  // namespace

Publisher::Publisher(std::size_t organizations, Snapshots snapshots, metrics::ExpositionStore& store)
    : snapshots_(std::move(snapshots)),
      store_(store),
      lines_(organizations),
      polled_(organizations),
      changed_(organizations, true),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Publisher::changed(std::size_t organization) {
    {
        const std::lock_guard lock(mutex_);
        changed_[organization] = true;
        const Time now = std::chrono::steady_clock::now();
        if (affordable_at(now) > now) {
            late_ = true;
            something_changed_.notify_one();
            return;
        }
    }
    try {
        publish();
    } catch (const std::exception&) {
        // Another organization's failure is not this one's.
        const std::lock_guard lock(mutex_);
        if (changed_[organization] || !joined_) {
            throw;
        }
    }
}

void Publisher::publish() {
    const std::lock_guard publishing(publishing_);
    const Time start = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    for (std::size_t organization = 0; organization < lines_.size(); ++organization) {
        if (take_changed(organization)) {
            try {
                render(organization);
            } catch (const std::exception&) {
                failure = std::current_exception();
                try_again_later(organization);
            }
        }
    }
    try {
        join();
    } catch (const std::exception&) {
        failure = std::current_exception();
        try_again_later(std::nullopt);
    }
    {
        const Time end = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex_);
        paid_until_ = std::max(paid_until_, start) + part_of_time * (end - start);
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void Publisher::render(std::size_t organization) {
    const metrics::Snapshot snapshot = snapshots_(organization);
    lines_[organization] = metrics::render_lines(snapshot);
    polled_[organization] = snapshot.statistics.polls > 0;
}

void Publisher::join() {
    // One that could not be rendered yet has no lines.
    std::vector<std::shared_ptr<const metrics::CompressedLines>> lines = lines_;
    std::erase(lines, nullptr);
    store_.publish(metrics::join(lines));
    has_everybody_.store(std::find(polled_.begin(), polled_.end(), false) == polled_.end());
    const std::lock_guard lock(mutex_);
    joined_ = true;
}

/// When there may be memory again. Without an organization it is the joining that has failed.
void Publisher::try_again_later(std::optional<std::size_t> organization) noexcept {
    const std::lock_guard lock(mutex_);
    if (organization) {
        changed_[*organization] = true;
    } else {
        joined_ = false;
    }
    not_again_before_ = std::chrono::steady_clock::now() + pause_after_failure;
    late_ = true;
    something_changed_.notify_one();
}

bool Publisher::take_changed(std::size_t organization) {
    const std::lock_guard lock(mutex_);
    const bool changed = changed_[organization];
    changed_[organization] = false;
    return changed;
}

bool Publisher::something_is_changed() const {
    return !joined_ || std::find(changed_.begin(), changed_.end(), true) != changed_.end();
}

/// When rendering may go on.
Publisher::Time Publisher::affordable_at(Time now) const {
    return paid_until_ - allowance > now ? paid_until_ - allowance : now;
}

void Publisher::run(const std::stop_token& stop) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (!something_changed_.wait(lock, stop, [this] { return late_ && something_is_changed(); })) {
                return;
            }
            const Time now = std::chrono::steady_clock::now();
            // A copy: the wait reads it after it has let go of the lock.
            const Time moment = std::max(affordable_at(now), not_again_before_);
            something_changed_.wait_until(lock, stop, moment, [] { return false; });
            if (stop.stop_requested()) {
                return;
            }
            late_ = false;
        }
        try {
            publish();
        } catch (const std::exception&) {
            // `publish` has scheduled another try; until then the previous exposition stays visible.
        }
    }
}

}  // namespace exporter::app
