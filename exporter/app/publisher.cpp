#include "app/publisher.h"

#include <algorithm>
#include <exception>

namespace exporter::app {

namespace {

/// Rendering gets at most 1/`part_of_time` of wall time.
constexpr int part_of_time = 10;

/// How far rendering may exceed its share, so that a few organizations are always rendered immediately.
constexpr std::chrono::seconds allowance{10};

constexpr std::chrono::seconds pause_after_failure{1};

}  // namespace

Publisher::Publisher(metrics::ExpositionStore& store)
    : store_(store), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Publisher::set_parts(Parts parts) {
    const std::lock_guard publishing(publishing_);
    const std::lock_guard lock(mutex_);
    parts_.swap(parts);
}

void Publisher::changed(Part& part) {
    {
        const std::lock_guard lock(mutex_);
        part.is_changed_ = true;
        if (paid_until_ - allowance > std::chrono::steady_clock::now()) {
            something_changed_.notify_one();
            return;
        }
    }
    publish_changes(&part);
}

void Publisher::publish() {
    publish_changes(nullptr);
}

void Publisher::publish_changes(const Part* reported) {
    const std::lock_guard publishing(publishing_);
    const Time start = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    for (const auto& part : parts_) {
        if (take_changed(*part)) {
            try {
                render(*part);
            } catch (const std::exception&) {
                if (reported == nullptr || reported == part.get()) {
                    failure = std::current_exception();
                }
                try_again_later({&part, 1});
            }
        }
    }
    try {
        join();
    } catch (const std::exception&) {
        failure = std::current_exception();
        try_again_later(parts_);
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

void Publisher::render(Part& part) {
    const metrics::Snapshot snapshot = part.snapshot_();
    part.lines_ = metrics::render_lines(snapshot);
    part.is_polled_ = snapshot.statistics.polls > 0;
}

void Publisher::join() {
    std::vector<std::shared_ptr<const metrics::CompressedLines>> lines;
    lines.reserve(parts_.size());
    for (const auto& part : parts_) {
        if (part->lines_) {  // A part that could not be rendered yet has none.
            lines.push_back(part->lines_);
        }
    }
    store_.publish(metrics::join(lines));
    if (std::ranges::all_of(parts_, [](const auto& part) { return part->is_polled_; })) {
        had_everybody_.store(true);
    }
}

/// Retries later, when memory may be available again.
void Publisher::try_again_later(std::span<const std::shared_ptr<Part>> parts) noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& part : parts) {
        part->is_changed_ = true;
    }
    not_again_before_ = std::chrono::steady_clock::now() + pause_after_failure;
    something_changed_.notify_one();
}

bool Publisher::take_changed(Part& part) {
    const std::lock_guard lock(mutex_);
    return std::exchange(part.is_changed_, false);
}

void Publisher::run(const std::stop_token& stop) {
    const auto has_changed = [](const auto& part) { return part->is_changed_; };
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            something_changed_.wait(lock, stop, [&] { return std::ranges::any_of(parts_, has_changed); });
            // A copy, because the wait reads it after releasing the lock.
            const Time moment = std::max(paid_until_ - allowance, not_again_before_);
            something_changed_.wait_until(lock, stop, moment, [] { return false; });
            if (stop.stop_requested()) {
                return;
            }
        }
        try {
            publish();
        } catch (const std::exception&) {
            // `publish` has scheduled another try; until then the previous exposition stays visible.
        }
    }
}

}  // namespace exporter::app
