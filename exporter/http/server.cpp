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

/// Connections beyond the limits: enough for probes, and for saying no.
constexpr RosterLimits overflow_limits{.connections = 16, .connections_of_peer = 16};
/// Of the listeners for probes alone.
constexpr RosterLimits probe_limits{.connections = 64, .connections_of_peer = 64};

/// For a client to close its side after our last word.
constexpr milliseconds linger_deadline{2000};
/// For a password's check to have its turn.
constexpr milliseconds verify_deadline{30000};

/// Often enough that no deadline is passed by more than a quarter, or a second.
milliseconds sweep_interval(const PhaseLimits& limits) {
    constexpr milliseconds shortest{10};
    constexpr milliseconds longest{1000};
    return std::clamp(*std::min_element(limits.begin(), limits.end()) / 4, shortest, longest);
}

}  // namespace

struct Server::State {
    State(const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security);

    [[nodiscard]] tl::expected<void, std::string> listen();
    void run();
    Time tick(Time now);
    void give_memory_back();
    [[nodiscard]] std::size_t connections() const;

    const ServerOptions options;
    const Handler handler;
    const std::shared_ptr<EventLoop> loop = std::make_shared<EventLoop>();
    Service main;
    Service probes;
    const std::array<Roster*, 4> rosters{&main.roster, &main.overflow, &probes.roster, &probes.overflow};
    const PhaseLimits phase_limits{options.request_deadline, options.idle_deadline, verify_deadline,
                                   options.response_deadline, linger_deadline};
    Time next_sweep{};
    Time end = Time::max();            ///< of the last connection
    std::size_t most_connections = 0;  ///< since memory was given back
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<base::ListenAddress> addresses;
    std::vector<base::ListenAddress> probe_addresses;
    std::jthread thread;
};

Server::State::State(const ServerOptions& wanted, Handler answering, std::shared_ptr<const Security> security)
    : options(wanted),
      handler(std::move(answering)),
      main{.options = options,
           .handler = handler,
           .loop = loop,
           .roster = Roster({.connections = options.max_connections,
                             .connections_of_peer = options.max_connections_per_address}),
           .overflow = Roster(overflow_limits),
           .crowd = main.roster,
           .security = std::move(security),
           .probes_only = false},
      probes{.options = options,
             .handler = handler,
             .loop = loop,
             .roster = Roster(probe_limits),
             .overflow = Roster(overflow_limits),
             .crowd = main.roster,
             .security = nullptr,
             .probes_only = true} {}

tl::expected<void, std::string> Server::State::listen() {
    const auto add = [this](Service& service, std::vector<base::ListenAddress>& bound) {
        return [this, &service, &bound](Listening listening) {
            bound.push_back(listening.address);
            listeners.push_back(std::make_unique<Listener>(std::move(listening), service));
        };
    };
    tl::expected<void, std::string> added;
    for (const int descriptor : options.inherited_sockets) {
        added = added.and_then([&] { return take_over(descriptor).map(add(main, addresses)); });
    }
    for (const auto& address : options.addresses) {
        added = added.and_then([&] { return listen_on(address).map(add(main, addresses)); });
    }
    for (const auto& address : options.probe_addresses) {
        added = added.and_then([&] { return listen_on(address).map(add(probes, probe_addresses)); });
    }
    return added;
}

/// Until the server stops and the last connection has gone.
void Server::State::run() {
    while (!main.roster.draining() || connections() > 0) {
        loop->turn(tick(std::chrono::steady_clock::now()));
    }
}

/// Closes what is overdue, now and again; while the server stops, its grace is the deadline of what is left.
/// @return when it has to be called again
Time Server::State::tick(Time now) {
    if (now >= end) {
        for (Roster* const roster : rosters) {
            roster->close_all();
        }
    }
    if (main.roster.draining()) {
        return end;
    }
    if (now >= next_sweep) {
        next_sweep = now + sweep_interval(phase_limits);
        for (Roster* const roster : rosters) {
            roster->close_overdue(now, phase_limits);
        }
        for (const auto& listener : listeners) {
            listener->resume();
        }
        give_memory_back();
    }
    return next_sweep;
}

/// After a crowd has gone: the allocator would keep what it used.
void Server::State::give_memory_back() {
    constexpr std::size_t crowd = 256;
    const std::size_t connected = connections();
    most_connections = std::max(most_connections, connected);
    if (most_connections >= crowd && connected < most_connections / 2) {
        most_connections = connected;
#ifdef __GLIBC__
        ::malloc_trim(0);
#endif
    }
}

std::size_t Server::State::connections() const {
    std::size_t connections = 0;
    for (const Roster* const roster : rosters) {
        connections += roster->size();
    }
    return connections;
}

tl::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                 Handler handler,
                                                                 std::shared_ptr<const Security> security) {
    if (options.addresses.empty() && options.inherited_sockets.empty()) {
        return tl::unexpected<std::string>("no address to listen on");
    }
    try {
        std::unique_ptr<Server> server(
            new Server(std::make_unique<State>(options, std::move(handler), std::move(security))));
        State& state = *server->state_;
        return state.listen().map([&] {
            state.thread = std::jthread([&state] { state.run(); });
            return std::move(server);
        });
    } catch (const std::exception& error) {
        return tl::unexpected(std::string("cannot start the web server: ") + error.what());
    }
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
    stop(milliseconds(0));
}

void Server::secure(std::shared_ptr<const Security> security) {
    state_->loop->post([state = state_.get(), security = std::move(security)] {
        state->main.security = security;
        state->main.roster.close_idle();
    });
}

const std::vector<base::ListenAddress>& Server::addresses() const {
    return state_->addresses;
}

const std::vector<base::ListenAddress>& Server::probe_addresses() const {
    return state_->probe_addresses;
}

std::size_t Server::connections() const {
    return state_->connections();
}

void Server::stop(milliseconds grace) {
    State* const state = state_.get();
    if (!state->thread.joinable()) {
        return;
    }
    state->loop->post([state, end = std::chrono::steady_clock::now() + grace] {
        state->end = end;
        state->listeners.clear();
        for (Roster* const roster : state->rosters) {
            roster->drain();
        }
    });
    state->thread.join();
}

}  // namespace exporter::http
