#include "http/server.h"

#include "http/boost.h"
#include "http/listener.h"
#include "http/session.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <exception>
#include <future>
#include <thread>
#include <utility>

namespace exporter::http {
namespace {

using std::chrono::milliseconds;

/// Connections beyond the limits: enough for probes, and for saying no.
constexpr std::size_t overflow_connections = 16;
/// Of the listeners for probes alone.
constexpr std::size_t probe_connections = 64;

/// For a client to close its side after our last word.
constexpr milliseconds linger_deadline{2000};
/// For a password's check to have its turn.
constexpr milliseconds verify_deadline{30000};

PhaseLimits phase_limits(const ServerOptions& options) {
    PhaseLimits limits{};
    const auto limit = [&limits](Phase phase) -> milliseconds& {
        return limits.at(static_cast<std::size_t>(phase));
    };
    limit(Phase::receiving) = options.request_deadline;
    limit(Phase::idle) = options.idle_deadline;
    limit(Phase::verifying) = verify_deadline;
    limit(Phase::answering) = options.response_deadline;
    limit(Phase::lingering) = linger_deadline;
    return limits;
}

/// Often enough that no deadline is passed by more than a quarter, or a second.
milliseconds sweep_interval(const PhaseLimits& limits) {
    constexpr milliseconds shortest{10};
    constexpr milliseconds longest{1000};
    return std::clamp(*std::min_element(limits.begin(), limits.end()) / 4, shortest, longest);
}

RosterLimits unlimited_peers(std::size_t connections, const PhaseLimits& phases) {
    return {.connections = connections, .connections_of_peer = connections, .phases = phases};
}

}  // namespace

class Server::Impl {
  public:
    Impl(const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security)
        : phases_(phase_limits(options)),
          io_(std::make_shared<boost::asio::io_context>(1)),
          readiness_(*io_),
          probes_{handler,
                  options.is_probe,
                  probe_connections,
                  io_,
                  readiness_,
                  Roster(unlimited_peers(probe_connections, phases_)),
                  nullptr,
                  Roster(unlimited_peers(overflow_connections, phases_)),
                  nullptr,
                  true,
                  {}},
          main_{std::move(handler),
                options.is_probe,
                options.max_answers,
                io_,
                readiness_,
                Roster({.connections = options.max_connections,
                        .connections_of_peer = options.max_connections_per_address,
                        .phases = phases_}),
                nullptr,
                Roster(unlimited_peers(overflow_connections, phases_)),
                std::move(security),
                false,
                {}},
          sweeping_(*io_) {
        probes_.crowd = &main_.roster;
        main_.crowd = &main_.roster;
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { stop(milliseconds(0)); }

    tl::expected<void, std::string> listen(const ServerOptions& options) {
        for (const int descriptor : options.inherited_sockets) {
            if (auto added = add(take_over(descriptor), main_, addresses_); !added) {
                return added;
            }
        }
        for (const auto& address : options.addresses) {
            if (auto added = add(listen_on(address), main_, addresses_); !added) {
                return added;
            }
        }
        for (const auto& address : options.probe_addresses) {
            if (auto added = add(listen_on(address), probes_, probe_addresses_); !added) {
                return added;
            }
        }
        return {};
    }

    void run() {
        std::promise<void> finished;
        finished_ = finished.get_future();
        thread_ = std::jthread([this, done = std::move(finished)]() mutable {
            serve();
            done.set_value();
        });
    }

    void secure(std::shared_ptr<const Security> security) {
        boost::asio::post(*io_, [this, next = std::move(security)]() mutable {
            main_.security = std::move(next);
            main_.roster.close_idle();
        });
    }

    void stop(milliseconds grace) {
        if (!thread_.joinable()) {
            return;
        }
        boost::asio::post(*io_, [this] {
            for (const auto& listener : listeners_) {
                listener->stop();
            }
            for (Roster* const roster : rosters_) {
                roster->drain();
            }
            sweeping_.cancel();  // The grace is the deadline of what is left.
            readiness_.finish();
        });
        // The thread ends when nothing is left to wait for, that is with the last connection.
        if (finished_.wait_for(grace) == std::future_status::timeout) {
            boost::asio::post(*io_, [this] {
                for (Roster* const roster : rosters_) {
                    roster->close_all();
                }
            });
        }
        thread_.join();
    }

    [[nodiscard]] const std::vector<base::ListenAddress>& addresses() const { return addresses_; }
    [[nodiscard]] const std::vector<base::ListenAddress>& probe_addresses() const { return probe_addresses_; }

    [[nodiscard]] std::size_t connections() const {
        std::size_t connections = 0;
        for (const Roster* const roster : rosters_) {
            connections += roster->size();
        }
        return connections;
    }

  private:
    tl::expected<void, std::string> add(tl::expected<Listening, std::string> listening, Service& service,
                                        std::vector<base::ListenAddress>& addresses) {
        if (!listening) {
            return tl::unexpected(std::move(listening.error()));
        }
        listeners_.push_back(std::make_unique<Listener>(std::move(*listening), service));
        addresses.push_back(listeners_.back()->address());
        return {};
    }

    void serve() {
        for (;;) {
            try {
                resume();
                io_->run();
                return;
            } catch (const std::exception&) {
                // Memory ran out in a completion handler: what it would have waited for next is waited for
                // now.
            }
        }
    }

    void resume() {
        for (const auto& listener : listeners_) {
            listener->resume();
        }
        readiness_.resume();
        if (!sweep_awaited_ && !main_.roster.draining()) {
            sweep();
        }
    }

    /// Closes what is overdue, now and again.
    void sweep() {
        for (Roster* const roster : rosters_) {
            roster->close_overdue(std::chrono::steady_clock::now());
        }
        give_memory_back();
        sweeping_.expires_after(sweep_interval(phases_));
        sweeping_.async_wait([this](const boost::system::error_code&) {
            sweep_awaited_ = false;
            if (!main_.roster.draining()) {
                sweep();
            }
        });
        sweep_awaited_ = true;
    }

    /// After a crowd has gone: the allocator would keep what it used.
    void give_memory_back() {
        constexpr std::size_t crowd = 256;
        const auto connected = connections();
        most_connections_ = std::max(most_connections_, connected);
        if (most_connections_ >= crowd && connected < most_connections_ / 2) {
            most_connections_ = connected;
#ifdef __GLIBC__
            ::malloc_trim(0);
#endif
        }
    }

    const PhaseLimits phases_;
    const std::shared_ptr<boost::asio::io_context> io_;
    Readiness readiness_;
    Service probes_;
    Service main_;
    const std::array<Roster*, 4> rosters_{&main_.roster, &main_.overflow, &probes_.roster, &probes_.overflow};
    boost::asio::steady_timer sweeping_;
    bool sweep_awaited_ = false;
    std::size_t most_connections_ = 0;  ///< since memory was given back
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<base::ListenAddress> addresses_;
    std::vector<base::ListenAddress> probe_addresses_;
    std::future<void> finished_;
    std::jthread thread_;
};

tl::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                 Handler handler,
                                                                 std::shared_ptr<const Security> security) {
    if (options.addresses.empty() && options.inherited_sockets.empty()) {
        return tl::unexpected<std::string>("no address to listen on; give one with --web.listen-address");
    }
    try {
        auto impl = std::make_unique<Impl>(options, std::move(handler), std::move(security));
        if (auto listening = impl->listen(options); !listening) {
            return tl::unexpected(std::move(listening.error()));
        }
        impl->run();
        return std::unique_ptr<Server>(new Server(std::move(impl)));
    } catch (const std::exception& error) {
        return tl::unexpected(std::string("cannot start the web server: ") + error.what());
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

void Server::secure(std::shared_ptr<const Security> security) {
    impl_->secure(std::move(security));
}

const std::vector<base::ListenAddress>& Server::addresses() const {
    return impl_->addresses();
}

const std::vector<base::ListenAddress>& Server::probe_addresses() const {
    return impl_->probe_addresses();
}

std::size_t Server::connections() const {
    return impl_->connections();
}

void Server::stop(milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace exporter::http
