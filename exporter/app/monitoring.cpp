#include "app/monitoring.h"

#include "app/process.h"
#include "datadog/client.h"
#include "metrics/render.h"
#include "scan/clock.h"

#include <algorithm>
#include <cstdint>
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

/// One organization may use `--poll.concurrency` of them; some are always free for the others.
std::size_t workers_for(const config::Config& config) {
    constexpr std::size_t left_to_others = 4;
    const auto concurrency = config.poll.concurrency;
    const std::size_t wanted = concurrency * config.organizations.size();
    return std::max<std::size_t>(1, std::min(wanted, concurrency + left_to_others));
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

std::vector<scan::Dispatcher::Member> members_of(
    const std::vector<std::unique_ptr<OrganizationMonitor>>& monitors) {
    std::vector<scan::Dispatcher::Member> members;
    members.reserve(monitors.size());
    for (const auto& monitor : monitors) {
        members.push_back({&monitor->poller(), &monitor->source()});
    }
    return members;
}

}  // namespace

Monitoring::Monitoring(const config::Config& config, Log& log, const metrics::Reloads* reloads)
    : expositions_(live_part(log, reloads)),
      states_(open_states(config, log)),
      publisher_(
          config.organizations.size(),
          [this](std::size_t organization) { return monitors_[organization]->snapshot(); }, expositions_) {
    Surroundings surroundings{log, std::make_shared<datadog::Commons>(config.ca_file), states_.get()};
    surroundings.memory = std::make_shared<MemoryReturn>(surroundings.clock);
    for (std::size_t place = 0; place < config.organizations.size(); ++place) {
        monitors_.push_back(std::make_unique<OrganizationMonitor>(
            config.organizations[place], config, surroundings, [this, place] { publisher_.changed(place); },
            schedule_of(place, config.organizations.size(), config.poll.interval)));
    }
    publisher_.publish();
    dispatcher_.emplace(members_of(monitors_), surroundings.clock, workers_for(config));
}

Monitoring::~Monitoring() = default;

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
    return std::all_of(monitors_.begin(), monitors_.end(), [](const auto& monitor) {
        return monitor->poller().statistics().last_poll_succeeded;
    });
}

std::string Monitoring::text() const {
    const metrics::Body body = expositions_.scrape(metrics::Format::text, metrics::Encoding::identity);
    return *body.head + body.tail;
}

bool Monitoring::alive() const {
    // A restart for one organization that is stuck (the disk with its keys hangs) would cost the others their
    // numbers.
    const bool polls_move =
        monitors_.empty() || std::any_of(monitors_.begin(), monitors_.end(),
                                         [](const auto& monitor) { return monitor->moving(); });
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
