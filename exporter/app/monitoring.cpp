#include "app/monitoring.h"

#include "app/process.h"
#include "datadog/client.h"
#include "metrics/exposition.h"
#include "scan/clock.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

namespace exporter::app {

namespace {

/// The exporter's own metrics, as of the scrape.
metrics::Renderer live_part(const Log& log, const metrics::Reloads* reloads) {
    return [&log, reloads, started = scan::system_clock().now()](metrics::Format format) {
        const metrics::ExporterStatus exporter{std::string(version()),
                                               std::string(revision()),
                                               compiler(),
                                               log.lines_dropped(),
                                               reloads ? reloads->by_file() : metrics::ReloadsByFile{},
                                               metrics::read_process(started)};
        return metrics::render(metrics::families_of(exporter), format);
    };
}

/// First polls come this soon after one another: five hundred organizations are ready in less than a minute
/// without falling upon the API all at once.
constexpr std::chrono::milliseconds between_first_polls{100};

/// Evenly over the interval, in the order of the configuration.
Schedule schedule_of(std::size_t place, std::size_t organizations, std::chrono::milliseconds interval) {
    const auto share = interval / static_cast<std::int64_t>(organizations);
    const auto number = static_cast<std::int64_t>(place);
    return {.first_poll = number * std::min(share, between_first_polls), .phase = number * share};
}

/// The state saved by an earlier run; null: the configuration names no state file.
std::unique_ptr<state::StateKeeper> open_states(const config::Config& config, Log& log) {
    if (config.state_file.empty()) {
        return nullptr;
    }
    state::StateKeeper::Fingerprints wanted;
    for (const config::Organization& organization : config.organizations) {
        wanted.emplace(organization.name, fingerprint_of(organization, config));
    }
    const auto tell = [&log](std::string_view message, const std::string& problem) {
        if (problem.empty()) {
            log.info(message);
        } else {
            log.warn(message, {{"error", problem}});
        }
    };
    return std::make_unique<state::StateKeeper>(config.state_file, wanted, scan::system_clock(), tell);
}

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
      changed_(organizations),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Publisher::changed(std::size_t organization) {
    {
        const std::lock_guard lock(mutex_);
        changed_[organization] = true;
        if (paid_until_ - allowance > std::chrono::steady_clock::now()) {
            something_changed_.notify_one();
            return;
        }
    }
    try {
        publish();
    } catch (const std::exception&) {
        // Another organization's failure is not this one's.
        const std::lock_guard lock(mutex_);
        if (changed_[organization]) {
            throw;
        }
    }
}

void Publisher::publish() {
    const std::lock_guard publishing(publishing_);
    const Time start = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    for (std::size_t organization = 0; organization < lines_.size(); ++organization) {
        if (take_changed(organization) || !lines_[organization]) {
            try {
                render(organization);
            } catch (const std::exception&) {
                failure = std::current_exception();
                try_again_later(organization, 1);
            }
        }
    }
    try {
        join();
    } catch (const std::exception&) {
        failure = std::current_exception();
        try_again_later(0, lines_.size());
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
    has_everybody_.store(std::ranges::count(polled_, false) == 0);
}

/// When there may be memory again.
void Publisher::try_again_later(std::size_t first, std::size_t organizations) noexcept {
    const std::lock_guard lock(mutex_);
    for (std::size_t organization = first; organization < first + organizations; ++organization) {
        changed_[organization] = true;
    }
    not_again_before_ = std::chrono::steady_clock::now() + pause_after_failure;
    something_changed_.notify_one();
}

bool Publisher::take_changed(std::size_t organization) {
    const std::lock_guard lock(mutex_);
    const bool changed = changed_[organization];
    changed_[organization] = false;
    return changed;
}

void Publisher::run(const std::stop_token& stop) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            something_changed_.wait(lock, stop, [this] { return std::ranges::count(changed_, true) > 0; });
            // A copy: the wait reads it after it has let go of the lock.
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

std::size_t workers_for(const config::Config& config) {
    // One organization may use `--poll.concurrency` of them; some are always free for the others.
    constexpr std::size_t left_to_others = 4;
    const auto concurrency = config.poll.concurrency;
    const std::size_t wanted = concurrency * config.organizations.size();
    return std::max<std::size_t>(1, std::min(wanted, concurrency + left_to_others));
}

Monitoring::Monitoring(const config::Config& config, Log& log, const metrics::Reloads* reloads)
    : expositions_(live_part(log, reloads)),
      states_(open_states(config, log)),
      publisher_(
          config.organizations.size(),
          [this](std::size_t organization) { return monitors_[organization]->snapshot(); }, expositions_) {
    const Surroundings surroundings{log, std::make_shared<datadog::Commons>(config.ca_file), states_.get()};
    std::vector<scan::Dispatcher::Member> members;
    for (std::size_t place = 0; place < config.organizations.size(); ++place) {
        monitors_.push_back(std::make_unique<OrganizationMonitor>(
            config.organizations[place], config, surroundings, [this, place] { publisher_.changed(place); },
            schedule_of(place, config.organizations.size(), config.poll.interval)));
        members.push_back({&monitors_.back()->poller(), &monitors_.back()->source()});
    }
    publisher_.publish();
    dispatcher_.emplace(std::move(members), surroundings.clock, workers_for(config));
}

void Monitoring::start() {
    if (states_) {
        states_->start();
    }
    polling_ = std::jthread([this](const std::stop_token& stop) { dispatcher_->run(stop); });
}

void Monitoring::stop() {
    polling_.request_stop();
    for (const auto& monitor : monitors_) {
        monitor->cancel();
    }
    // Before the wait for polls: one that can't be cut short must not cost the state.
    if (states_) {
        states_->stop();
    }
    polling_ = {};
    if (states_) {
        states_->save_if_changed();  // A poll may have been published meanwhile.
    }
}

bool Monitoring::has_unsaved_state() const {
    return states_ && !states_->is_saved();
}

bool Monitoring::poll_once() {
    for (const auto& monitor : monitors_) {
        monitor->poller().poll_now();
    }
    dispatcher_->run_once();
    publisher_.publish();
    if (states_) {
        states_->save_if_changed();
    }
    return std::ranges::all_of(
        monitors_, [](const auto& monitor) { return monitor->poller().statistics().last_poll_succeeded; });
}

std::string Monitoring::text() const {
    const metrics::Body body = expositions_.scrape(metrics::Format::text, metrics::Encoding::identity);
    return *body.head + body.tail;
}

bool Monitoring::alive() const {
    // A restart for one organization that is stuck (the disk with its keys hangs) would cost the others their
    // numbers.
    const bool polls_move = monitors_.empty() || std::ranges::any_of(monitors_, [](const auto& monitor) {
                                return monitor->moving();
                            });
    return polls_move && dispatcher_->moving();
}

bool Monitoring::ready() const {
    return publisher_.has_everybody();
}

std::vector<web::OrganizationStatus> Monitoring::statuses() const {
    std::vector<web::OrganizationStatus> statuses;
    statuses.reserve(monitors_.size());
    for (const auto& monitor : monitors_) {
        statuses.push_back(monitor->status());
    }
    return statuses;
}

}  // namespace exporter::app
