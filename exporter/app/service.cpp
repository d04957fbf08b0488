#include "app/service.h"

#include "app/build_info.h"
#include "metrics/collectables.h"
#include "scan/clock.h"
#include "web/routes.h"
#include "web/status_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <utility>

namespace exporter::app {

namespace {

void append(std::vector<prometheus::MetricFamily>& families, std::vector<prometheus::MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
}

std::string render_process(metrics::Format format) {
    return metrics::render(metrics::ProcessCollectable().Collect(), format);
}

}  // namespace

/// How many polling threads are still running.
class Monitoring::Countdown {
  public:
    explicit Countdown(std::size_t threads) : threads_(threads) {}

    void one_ended() {
        const std::lock_guard lock(mutex_);
        --threads_;
        changed_.notify_all();
    }

    [[nodiscard]] bool wait_for_all(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return threads_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t threads_;
};

Monitoring::Monitoring(const config::Config& config, Log& log) : expositions_(render_process) {
    for (const config::Organization& organization : config.organizations) {
        monitors_.push_back(
            std::make_unique<OrganizationMonitor>(organization, config, log, [this] { render(); }));
    }
    render();
}

Monitoring::~Monitoring() = default;

void Monitoring::start() {
    running_ = std::make_shared<Countdown>(monitors_.size());
    for (const auto& monitor : monitors_) {
        threads_.emplace_back([&poller = *monitor, running = running_](const std::stop_token& stop) {
            poller.run(stop);
            running->one_ended();
        });
    }
}

bool Monitoring::stop(std::chrono::milliseconds limit) {
    if (!running_) {
        return true;
    }
    for (std::jthread& thread : threads_) {
        thread.request_stop();
    }
    for (const auto& monitor : monitors_) {
        monitor->cancel();
    }
    return running_->wait_for_all(limit);
}

bool Monitoring::poll_once() {
    std::atomic<bool> all_published = true;
    {
        std::vector<std::jthread> threads;
        threads.reserve(monitors_.size());
        for (const auto& monitor : monitors_) {
            threads.emplace_back([&poller = *monitor, &all_published] {
                if (!poller.poll_once()) {
                    all_published = false;
                }
            });
        }
    }
    return all_published;
}

std::string Monitoring::text() const {
    const metrics::Body body = expositions_.scrape(metrics::Format::text, metrics::Encoding::identity);
    return *body.head + body.tail;
}

bool Monitoring::alive() const {
    return std::all_of(monitors_.begin(), monitors_.end(),
                       [](const auto& monitor) { return monitor->moving(); });
}

bool Monitoring::ready() const {
    return std::all_of(monitors_.begin(), monitors_.end(),
                       [](const auto& monitor) { return monitor->attempted(); });
}

std::vector<web::OrganizationStatus> Monitoring::statuses() const {
    std::vector<web::OrganizationStatus> statuses;
    statuses.reserve(monitors_.size());
    for (const auto& monitor : monitors_) {
        statuses.push_back(monitor->status());
    }
    return statuses;
}

void Monitoring::render() {
    const std::lock_guard lock(rendering_);
    std::vector<metrics::Snapshot> snapshots;
    snapshots.reserve(monitors_.size());
    for (const auto& monitor : monitors_) {
        snapshots.push_back(monitor->snapshot());
    }
    auto families = metrics::OrganizationsCollectable(std::move(snapshots)).Collect();
    append(
        families,
        metrics::BuildInfoCollectable(std::string(version()), std::string(revision()), compiler()).Collect());
    expositions_.publish(std::make_shared<const metrics::Exposition>(
        [&families](metrics::Format format) { return metrics::render(families, format); }));
}

namespace {

std::vector<web::Address> addresses_of(const std::vector<config::ListenAddress>& configured) {
    std::vector<web::Address> addresses;
    addresses.reserve(configured.size());
    for (const config::ListenAddress& address : configured) {
        addresses.push_back({address.host, address.port, address.unix_path});
    }
    return addresses;
}

}  // namespace

tl::expected<std::unique_ptr<web::Server>, std::string> start_server(
    const config::Config& config, const Monitoring& monitoring, std::vector<int> inherited_sockets,
    std::shared_ptr<const web::Security> security) {
    web::RouteOptions routes;
    routes.telemetry_path = config.web.telemetry_path;
    routes.expositions = &monitoring.expositions();
    routes.health = {[&monitoring] { return monitoring.alive(); },
                     [&monitoring] { return monitoring.ready(); }};
    routes.status_page = [&monitoring, path = config.web.telemetry_path] {
        return web::render({std::string(version()), path, monitoring.statuses()}, scan::system_clock().now());
    };
    routes.configuration = config.in_effect;

    web::ServerOptions options;
    options.addresses = addresses_of(config.web.listen_addresses);
    options.probe_addresses = addresses_of(config.web.probe_listen_addresses);
    options.inherited_sockets = std::move(inherited_sockets);
    options.max_connections = config.web.max_connections;
    options.max_connections_per_address = config.web.max_connections_per_address;
    options.max_answers = config.web.max_scrapes;
    options.is_probe = web::is_probe;
    return web::Server::start(options, web::make_handler(std::move(routes)), std::move(security));
}

}  // namespace exporter::app
