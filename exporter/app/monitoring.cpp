#include "app/monitoring.h"

#include "app/process.h"
#include "datadog/client.h"
#include "metrics/exposition.h"
#include "scan/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
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

/// Time between first polls: five hundred organizations are ready in less than a minute without all of them
/// calling the API at once.
constexpr std::chrono::milliseconds between_first_polls{100};

/// Spreads polls evenly over the interval, in the order of the configuration.
///
/// @param newcomer number of other organizations whose first polls come before this one's
Schedule schedule_of(std::size_t place, std::size_t organizations, std::size_t newcomer,
                     std::chrono::milliseconds interval) {
    const auto share = interval / static_cast<std::int64_t>(organizations);
    return {.first_poll = static_cast<std::int64_t>(newcomer) * std::min(share, between_first_polls),
            .phase = static_cast<std::int64_t>(place) * share};
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

}  // namespace

std::size_t workers_for(const config::Config& config) {
    // One organization may use `--poll.concurrency` workers; these are always left for the others.
    constexpr std::size_t left_to_others = 4;
    const auto concurrency = config.poll.concurrency;
    const std::size_t wanted = concurrency * config.organizations.size();
    return std::max<std::size_t>(1, std::min(wanted, concurrency + left_to_others));
}

struct Monitoring::Monitored {
    Monitored(const config::Organization& organization, const config::Config& config,
              const Surroundings& surroundings, Schedule schedule, Publisher& publisher)
        : monitor(
              organization, config, surroundings, [this, &publisher] { publisher.changed(part); }, schedule),
          part([this] { return monitor.snapshot(); }) {}

    OrganizationMonitor monitor;
    Publisher::Part part;
};

/// A configured organization and its monitor.
struct Monitoring::Entry {
    const config::Organization& configured;
    std::shared_ptr<Monitored> monitored;
};

std::optional<Monitoring::Entry> Monitoring::InEffect::find(const std::string& name) const {
    const auto& known = config.organizations;
    const auto found = std::ranges::find(known, name, &config::Organization::name);
    if (found == known.end()) {
        return std::nullopt;
    }
    return Entry{*found, organizations[static_cast<std::size_t>(found - known.begin())]};
}

Monitoring::Monitoring(config::Config config, Log& log, const metrics::Reloads* reloads)
    : log_(log),
      expositions_(live_part(log, reloads)),
      states_(open_states(config, log)),
      surroundings_{log, std::make_shared<datadog::Commons>(config.ca_file), states_.get()},
      publisher_(expositions_),
      in_effect_(std::make_shared<const InEffect>()),
      dispatcher_({}, surroundings_.clock, 1) {
    show(apply(std::move(config), {}));
}

void Monitoring::reconfigure(config::Config config) {
    if (const std::string problem = surroundings_.commons->renew_trust(config.ca_file); !problem.empty()) {
        log_.warn("the CA certificates can't be loaded; keeping the previous ones", {{"error", problem}});
    }
    const auto before = in_effect();
    const auto next = apply(std::move(config), *before);
    show(next);
    for (const auto& monitored : before->organizations) {
        if (std::ranges::find(next->organizations, monitored) == next->organizations.end()) {
            monitored->monitor.cancel();
        }
    }
    if (states_) {
        std::set<std::string, std::less<>> names;
        for (const config::Organization& organization : next->config.organizations) {
            names.insert(organization.name);
        }
        states_->keep_only(names);
    }
    log_changes(*before, *next);
}

std::shared_ptr<const Monitoring::InEffect> Monitoring::apply(config::Config config, const InEffect& before) {
    auto next = std::make_shared<InEffect>();
    const bool shared_settings_differ = !config::same_shared_settings(before.config, config);
    const std::size_t count = config.organizations.size();
    std::size_t newcomers = 0;
    for (const config::Organization& organization : config.organizations) {
        const Schedule schedule =
            schedule_of(next->organizations.size(), count, newcomers, config.poll.interval);
        const auto former = before.find(organization.name);
        if (former && lists_the_same(former->configured, before.config, organization, config)) {
            const bool credentials_differ =
                !config::same_credential_files(former->configured.credentials, organization.credentials);
            if (credentials_differ || shared_settings_differ) {
                former->monitored->monitor.reconfigure(organization, config, schedule, credentials_differ);
            }
            next->organizations.push_back(former->monitored);
        } else {
            ++newcomers;
            next->organizations.push_back(
                std::make_shared<Monitored>(organization, config, surroundings_, schedule, publisher_));
        }
    }
    next->config = std::move(config);
    return next;
}

void Monitoring::log_changes(const InEffect& before, const InEffect& after) {
    for (const config::Organization& organization : before.config.organizations) {
        if (!after.find(organization.name)) {
            log_.info("organization removed", {{"org", organization.name}});
        }
    }
    for (const config::Organization& organization : after.config.organizations) {
        const auto former = before.find(organization.name);
        if (!former) {
            log_.info("organization added", {{"org", organization.name}});
        } else if (former->monitored != after.find(organization.name)->monitored) {
            log_.info("organization replaced: it lists other tokens, and its numbers start from nothing",
                      {{"org", organization.name}});
        } else if (!config::same_credential_files(former->configured.credentials, organization.credentials)) {
            log_.info("organization has other credentials", {{"org", organization.name}});
        }
    }
}

void Monitoring::show(std::shared_ptr<const InEffect> next) {
    Publisher::Parts parts;
    std::vector<scan::Dispatcher::Member> members;
    for (const auto& monitored : next->organizations) {
        parts.emplace_back(monitored, &monitored->part);
        members.push_back({&monitored->monitor.poller(), &monitored->monitor, monitored});
    }
    const std::size_t workers = workers_for(next->config);
    {
        const std::lock_guard lock(mutex_);
        in_effect_.swap(next);
    }
    publisher_.set_parts(std::move(parts));
    dispatcher_.set_members(std::move(members), workers);
    publisher_.publish();
}

std::shared_ptr<const Monitoring::InEffect> Monitoring::in_effect() const {
    const std::lock_guard lock(mutex_);
    return in_effect_;
}

std::shared_ptr<const config::Config> Monitoring::config() const {
    const auto now = in_effect();
    return {now, &now->config};
}

void Monitoring::start() {
    if (states_) {
        states_->start();
    }
    polling_ = std::jthread([this](const std::stop_token& stop) { dispatcher_.run(stop); });
}

void Monitoring::stop() {
    polling_.request_stop();
    for (const auto& monitored : in_effect()->organizations) {
        monitored->monitor.cancel();
    }
    // Save before waiting for polls: if one can't be interrupted, the state is still saved.
    if (states_) {
        states_->stop();
    }
    polling_ = {};
    for (const auto& monitored : in_effect()->organizations) {
        monitored->monitor.cancel();  // A reload may have added it since `stop` was called.
    }
    if (states_) {
        states_->save_if_changed();  // A poll may have been published since the first save.
    }
}

bool Monitoring::has_unsaved_state() const {
    return states_ && !states_->is_saved();
}

bool Monitoring::poll_once() {
    const auto polled = in_effect();
    for (const auto& monitored : polled->organizations) {
        monitored->monitor.poller().poll_now();
    }
    dispatcher_.run_once();
    publisher_.publish();
    if (states_) {
        states_->save_if_changed();
    }
    return std::ranges::all_of(polled->organizations, [](const auto& monitored) {
        return monitored->monitor.poller().statistics().last_poll_succeeded;
    });
}

std::string Monitoring::text() const {
    const metrics::Body body = expositions_.scrape(metrics::Format::text, metrics::Encoding::identity);
    return *body.head + body.tail;
}

bool Monitoring::alive() const {
    // A restart because one organization is stuck (its keys are on a hanging disk, say) would lose the
    // others' numbers.
    const auto now = in_effect();
    const bool polls_move =
        now->organizations.empty() || std::ranges::any_of(now->organizations, [](const auto& monitored) {
            return monitored->monitor.moving();
        });
    return polls_move && dispatcher_.moving();
}

bool Monitoring::ready() const {
    return publisher_.had_everybody();
}

std::vector<web::OrganizationStatus> Monitoring::statuses() const {
    const auto now = in_effect();
    std::vector<web::OrganizationStatus> statuses;
    statuses.reserve(now->organizations.size());
    for (const auto& monitored : now->organizations) {
        statuses.push_back(monitored->monitor.status());
    }
    return statuses;
}

}  // namespace exporter::app
