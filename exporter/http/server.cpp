#include "http/server.h"

#include "http/event_loop.h"
#include "http/listener.h"
#include "http/session.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <exception>
#include <thread>
#include <utility>

namespace exporter::http {
namespace {

using std::chrono::milliseconds;
using Time = EventLoop::Time;

/// Limits for the probe-only listeners.
constexpr RosterLimits probe_limits{.connections = 64, .connections_of_peer = 64};

/// How long a client has to close its side after our last answer.
constexpr milliseconds linger_deadline{2000};
/// How long a password check may take, including its wait in the queue.
constexpr milliseconds verify_deadline{30000};

/// Short enough that no deadline is exceeded by more than a quarter, or by more than a second.
milliseconds sweep_interval(const PhaseLimits& limits) {
    constexpr milliseconds shortest{10};
    constexpr milliseconds longest{1000};
    return std::clamp(*std::min_element(limits.begin(), limits.end()) / 4, shortest, longest);
}

class RunningServer final : public Server {
  public:
    RunningServer(const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security)
        : options_(options),
          handler_(std::move(handler)),
          main_{.options = options_,
                .handler = handler_,
                .loop = loop_,
                .roster = Roster({.connections = options_.max_connections,
                                  .connections_of_peer = options_.max_connections_per_address}),
                .crowd = main_.roster,
                .security = std::move(security)},
          probes_{.options = options_,
                  .handler = handler_,
                  .loop = loop_,
                  .roster = Roster(probe_limits),
                  .crowd = main_.roster,
                  .probes_only = true} {}
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;
    ~RunningServer() override { stop(milliseconds(0)); }

    /// Listens and starts the thread.
    [[nodiscard]] tl::expected<void, std::string> begin() {
        const auto add = [this](Service& service, std::vector<base::ListenAddress>& bound) {
            return [this, &service, &bound](Listening listening) {
                bound.push_back(listening.address);
                listeners_.push_back(std::make_unique<Listener>(std::move(listening), service));
            };
        };
        tl::expected<void, std::string> added;
        for (const int descriptor : options_.inherited_sockets) {
            added = added.and_then([&] { return take_over(descriptor).map(add(main_, addresses_)); });
        }
        for (const auto& address : options_.addresses) {
            added = added.and_then([&] { return listen_on(address).map(add(main_, addresses_)); });
        }
        for (const auto& address : options_.probe_addresses) {
            added = added.and_then([&] { return listen_on(address).map(add(probes_, probe_addresses_)); });
        }
        return added.map([this] {
            thread_ = std::jthread([this] {
                while (!main_.roster.draining() || connections() > 0) {
                    loop_->turn(tick(std::chrono::steady_clock::now()));
                }
            });
        });
    }

    void secure(std::shared_ptr<const Security> security) override {
        loop_->post([this, security = std::move(security)] {
            main_.security = security;
            main_.roster.close_if([](const Roster::Entry& entry) { return entry.phase == Phase::idle; });
        });
    }

    [[nodiscard]] const std::vector<base::ListenAddress>& addresses() const override { return addresses_; }

    [[nodiscard]] const std::vector<base::ListenAddress>& probe_addresses() const override {
        return probe_addresses_;
    }

    [[nodiscard]] std::size_t connections() const override {
        std::size_t connections = 0;
        for (const Roster* const roster : rosters_) {
            connections += roster->size();
        }
        return connections;
    }

    void stop(milliseconds grace) override {
        if (!thread_.joinable()) {
            return;
        }
        loop_->post([this, end = std::chrono::steady_clock::now() + grace] {
            end_ = end;
            listeners_.clear();
            for (Roster* const roster : rosters_) {
                roster->drain();
            }
        });
        thread_.join();
    }

  private:
    /// Closes overdue connections, or all remaining ones once the grace period of a stop is over.
    /// @return when to call this again
    Time tick(Time now) {
        if (now >= end_) {
            for (Roster* const roster : rosters_) {
                roster->close_if([](const Roster::Entry&) { return true; });
            }
        }
        if (main_.roster.draining()) {
            return end_;
        }
        if (now >= next_sweep_) {
            next_sweep_ = now + sweep_interval(phase_limits_);
            for (Roster* const roster : rosters_) {
                roster->close_overdue(now, phase_limits_);
            }
            for (const auto& listener : listeners_) {
                listener->resume();
            }
            give_memory_back();
        }
        return next_sweep_;
    }

    /// Without this, the allocator would keep the memory of many closed connections.
    void give_memory_back() {
        constexpr std::size_t crowd = 256;
        const std::size_t connected = connections();
        most_connections_ = std::max(most_connections_, connected);
        if (most_connections_ >= crowd && connected < most_connections_ / 2) {
            most_connections_ = connected;
#ifdef __GLIBC__
            ::malloc_trim(0);
#endif
        }
    }

    const ServerOptions options_;
    const Handler handler_;
    const std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>();
    Service main_;
    Service probes_;
    const std::array<Roster*, 4> rosters_{&main_.roster, &main_.overflow, &probes_.roster, &probes_.overflow};
    const PhaseLimits phase_limits_{options_.request_deadline, options_.idle_deadline, verify_deadline,
                                    options_.response_deadline, linger_deadline};
    Time next_sweep_{};
    Time end_ = Time::max();            ///< of the grace period
    std::size_t most_connections_ = 0;  ///< since memory was last returned
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<base::ListenAddress> addresses_;
    std::vector<base::ListenAddress> probe_addresses_;
    std::jthread thread_;
};

}  // namespace

tl::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                 Handler handler,
                                                                 std::shared_ptr<const Security> security) {
    if (options.addresses.empty() && options.inherited_sockets.empty()) {
        return tl::unexpected<std::string>("no address to listen on");
    }
    try {
        auto server = std::make_unique<RunningServer>(options, std::move(handler), std::move(security));
        return server->begin().map([&] { return std::unique_ptr<Server>(std::move(server)); });
    } catch (const std::exception& error) {
        return tl::unexpected(std::string("cannot start the web server: ") + error.what());
    }
}

}  // namespace exporter::http
