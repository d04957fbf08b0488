// The parts put together: monitors, the exposition that they fill and the server that hands it out.
#pragma once

#include "app/log.h"
#include "app/organization_monitor.h"
#include "config/config.h"
#include "metrics/exposition.h"
#include "web/server.h"

#include <tl/expected.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace exporter::app {

/// All organizations and their common exposition.
class Monitoring {
  public:
    Monitoring(const config::Config& config, Log& log);
    Monitoring(const Monitoring&) = delete;
    Monitoring& operator=(const Monitoring&) = delete;
    ~Monitoring();

    /// Polls each organization on a thread of its own until `stop`.
    void start();
    /// Ends polls under way. False: one did not end within `limit` (a name server that does not answer can't
    /// be cut short); then the object must not be destroyed.
    [[nodiscard]] bool stop(std::chrono::milliseconds limit);

    /// Polls each organization once, all at the same time. True: all were published.
    [[nodiscard]] bool poll_once();

    [[nodiscard]] const metrics::ExpositionStore& expositions() const { return expositions_; }
    /// What a scrape of the text format without compression would get, now.
    [[nodiscard]] std::string text() const;

    [[nodiscard]] bool alive() const;
    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::vector<web::OrganizationStatus> statuses() const;

  private:
    void render();

    metrics::ExpositionStore expositions_;
    std::mutex
        rendering_;  ///< held from collecting to publishing: an older snapshot never replaces a newer one
    std::vector<std::unique_ptr<OrganizationMonitor>> monitors_;

    class Countdown;
    std::shared_ptr<Countdown> running_;
    std::vector<std::jthread> threads_;
};

/// Starts the server with all routes of `monitoring`, which must outlive it.
/// @param inherited_sockets the server takes them over
/// @param security null: plain HTTP for everybody
[[nodiscard]] tl::expected<std::unique_ptr<web::Server>, std::string> start_server(
    const config::Config& config, const Monitoring& monitoring, std::vector<int> inherited_sockets,
    std::shared_ptr<const web::Security> security);

}  // namespace exporter::app
