#include "app/service.h"

#include "app/build_info.h"
#include "app/fingerprint.h"
#include "config/sharding.h"
#include "datadog/client.h"
#include "metrics/render.h"
#include "scan/clock.h"
#include "web/routes.h"
#include "web/status_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace exporter::app {

namespace {

/// What is as of the scrape.
metrics::Renderer live_part(const Log& log, const metrics::Reloads* reloads) {
    const auto exporter = std::make_shared<const metrics::ExporterCollectable>([&log, reloads] {
        return metrics::ExporterStatus{std::string(version()),
                                       std::string(revision()),
                                       compiler(),
                                       log.lines_dropped(),
                                       reloads ? reloads->by_file() : metrics::ReloadsByFile{},
                                       metrics::read_process()};
    });
    return [exporter](metrics::Format format) { return metrics::render(exporter->Collect(), format); };
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

/// One organization may use `--poll.concurrency` of them; the others always find some that are left to them.
std::size_t workers_for(const config::Config& config) {
    constexpr std::size_t left_to_others = 4;
    const auto concurrency = static_cast<std::size_t>(config.poll.concurrency);
    const std::size_t wanted = concurrency * config.organizations.size();
    return std::max<std::size_t>(1, std::min(wanted, concurrency + left_to_others));
}

/// What is left of an earlier run; null where the configuration keeps nothing.
std::unique_ptr<state::StateKeeper> open_states(const config::Config& config, Log& log) {
    if (config.state_file.empty()) {
        return nullptr;
    }
    std::vector<state::StateKeeper::Key> keys;
    keys.reserve(config.organizations.size());
    for (const config::Organization& organization : config.organizations) {
        keys.push_back({organization.name, fingerprint_of(organization, config)});
    }
    const auto tell = [&log](state::StateEvent event, const std::string& problem) {
        switch (event) {
            case state::StateEvent::ignored:
                log.warn("the state of before the restart is not used", {{"error", problem}});
                return;
            case state::StateEvent::not_saved:
                log.warn("the state can't be saved", {{"error", problem}});
                return;
            case state::StateEvent::saved_again:
                log.info("the state can be saved again");
                return;
        }
    };
    return std::make_unique<state::StateKeeper>(state::KeeperOptions{.path = config.state_file}, keys,
                                                scan::system_clock(), tell);
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
    // Restarting the process for one organization that is stuck, on a disk with its keys that hangs, would
    // take away the numbers of all the others.
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

namespace {

web::PageSettings page_settings(const config::Config& config) {
    return {.version = std::string(version()),
            .telemetry_path = config.web.telemetry_path,
            .share = config::share_in_words(config),
            .interval = config.poll.interval,
            .stale_after = config.poll.stale_after,
            .max_lifetime = config.policy.max_lifetime,
            .max_idle = config.policy.max_idle};
}

}  // namespace

tl::expected<std::unique_ptr<http::Server>, std::string> start_server(
    const config::Config& config, const Monitoring& monitoring, std::vector<int> inherited_sockets,
    std::shared_ptr<const http::Security> security) {
    web::RouteOptions routes;
    routes.telemetry_path = config.web.telemetry_path;
    routes.expositions = &monitoring.expositions();
    routes.alive = [&monitoring] { return monitoring.alive(); };
    routes.ready = [&monitoring] { return monitoring.ready(); };
    routes.status_page = [&monitoring, settings = page_settings(config)] {
        return web::status_page(settings, monitoring.statuses(), scan::system_clock().now());
    };
    routes.configuration = config.in_effect;

    http::ServerOptions options;
    options.addresses = config.web.listen_addresses;
    options.probe_addresses = config.web.probe_listen_addresses;
    options.inherited_sockets = std::move(inherited_sockets);
    options.max_connections = config.web.max_connections;
    options.max_connections_per_address = config.web.max_connections_per_address;
    options.max_answers = config.web.max_scrapes;
    options.is_probe = web::is_probe;
    return http::Server::start(options, web::make_handler(std::move(routes)), std::move(security));
}

}  // namespace exporter::app
