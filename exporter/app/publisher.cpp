#include "app/publisher.h"

#include "app/build_info.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace exporter::app {

namespace {

/// For each moment of rendering, so much time has to pass in all.
constexpr int part_of_time = 10;

/// How far rendering may run ahead of its share: a few organizations are always rendered at once.
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
    publish();
}

void Publisher::publish() {
    const std::lock_guard publishing(publishing_);
    const Time start = std::chrono::steady_clock::now();
    const std::vector<std::size_t> organizations = take_changed();
    try {
        render(organizations);
    } catch (const std::exception&) {
        try_again_later(organizations);
        throw;
    }
    has_everybody_.store(std::find(polled_.begin(), polled_.end(), false) == polled_.end());

    const Time end = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    paid_until_ = std::max(paid_until_, start) + part_of_time * (end - start);
}

void Publisher::render(const std::vector<std::size_t>& organizations) {
    for (const std::size_t organization : organizations) {
        const metrics::Snapshot snapshot = snapshots_(organization);
        lines_[organization] = metrics::render_lines(snapshot);
        polled_[organization] = snapshot.statistics.polls > 0;
    }
    store_.publish(metrics::join(
        lines_, metrics::BuildInfoCollectable(std::string(version()), std::string(revision()), compiler())
                    .Collect()));
}

/// When there may be memory again.
void Publisher::try_again_later(const std::vector<std::size_t>& organizations) noexcept {
    const std::lock_guard lock(mutex_);
    for (const std::size_t organization : organizations) {
        changed_[organization] = true;
    }
    paid_until_ = std::max(paid_until_, std::chrono::steady_clock::now() + allowance + pause_after_failure);
    late_ = true;
    something_changed_.notify_one();
}

std::vector<std::size_t> Publisher::take_changed() {
    const std::lock_guard lock(mutex_);
    std::vector<std::size_t> organizations;
    for (std::size_t organization = 0; organization < changed_.size(); ++organization) {
        if (changed_[organization]) {
            organizations.push_back(organization);
            changed_[organization] = false;
        }
    }
    return organizations;
}

bool Publisher::something_is_changed() const {
    return std::find(changed_.begin(), changed_.end(), true) != changed_.end();
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
            something_changed_.wait_until(lock, stop, affordable_at(now), [] { return false; });
            if (stop.stop_requested()) {
                return;
            }
            late_ = false;
        }
        try {
            publish();
        } catch (const std::exception&) {
            // `publish` has seen to it that it is tried again. What is shown meanwhile is what was.
        }
    }
}

}  // namespace exporter::app
