#include "http/server.h"

#include "http/event_loop.h"
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
using Time = EventLoop::Time;

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

struct Server::State {
    State(const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security);

    Time tick(Time now);
    void sweep(Time now);
    void give_memory_back();

    const PhaseLimits phases;
    const std::shared_ptr<EventLoop> loop = std::make_shared<EventLoop>();
    Service probes;
    Service main;
    const std::array<Roster*, 4> rosters{&main.roster, &main.overflow, &probes.roster, &probes.overflow};
    Time next_sweep{};
    std::size_t most_connections = 0;  ///< since memory was given back
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<base::ListenAddress> addresses;
    std::vector<base::ListenAddress> probe_addresses;
    std::future<void> finished;
    std::jthread thread;
};

Server::State::State(const ServerOptions& options, Handler handler, std::shared_ptr<const Security> security)
    : phases(phase_limits(options)),
      probes{.handler = handler,
             .is_probe = options.is_probe,
             .max_answers = probe_connections,
             .loop = loop,
             .roster = Roster(unlimited_peers(probe_connections, phases)),
             .overflow = Roster(unlimited_peers(overflow_connections, phases)),
             .security = nullptr,
             .probes_only = true},
      main{.handler = std::move(handler),
           .is_probe = options.is_probe,
           .max_answers = options.max_answers,
           .loop = loop,
           .roster = Roster({.connections = options.max_connections,
                             .connections_of_peer = options.max_connections_per_address,
                             .phases = phases}),
           .overflow = Roster(unlimited_peers(overflow_connections, phases)),
           .security = std::move(security),
           .probes_only = false} {
    probes.crowd = &main.roster;
    main.crowd = &main.roster;
}

/// Before each wait of the loop.
Time Server::State::tick(Time now) {
    if (now >= next_sweep) {
        sweep(now);
    }
    Time next = main.roster.draining() ? Time::max() : next_sweep;
    for (const auto& listener : listeners) {
        next = std::min(next, listener->resume(now));
    }
    return next;
}

/// Closes what is overdue, now and again; not while the server stops, whose grace is the deadline of what is
/// left.
void Server::State::sweep(Time now) {
    if (main.roster.draining()) {
        return;
    }
    for (Roster* const roster : rosters) {
        roster->close_overdue(now);
    }
    give_memory_back();
    next_sweep = now + sweep_interval(phases);
}

/// After a crowd has gone: the allocator would keep what it used.
void Server::State::give_memory_back() {
    constexpr std::size_t crowd = 256;
    std::size_t connected = 0;
    for (const Roster* const roster : rosters) {
        connected += roster->size();
    }
    most_connections = std::max(most_connections, connected);
    if (most_connections >= crowd && connected < most_connections / 2) {
        most_connections = connected;
#ifdef __GLIBC__
        ::malloc_trim(0);
#endif
    }
}

tl::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                 Handler handler,
                                                                 std::shared_ptr<const Security> security) {
    if (options.addresses.empty() && options.inherited_sockets.empty()) {
        return tl::unexpected<std::string>("no address to listen on; give one with --web.listen-address");
    }
    try {
        std::unique_ptr<Server> server(
            new Server(std::make_unique<State>(options, std::move(handler), std::move(security))));
        if (auto listening = server->listen(options); !listening) {
            return tl::unexpected(std::move(listening.error()));
        }
        server->run();
        return server;
    } catch (const std::exception& error) {
        return tl::unexpected(std::string("cannot start the web server: ") + error.what());
    }
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
    stop(milliseconds(0));
}

tl::expected<void, std::string> Server::listen(const ServerOptions& options) {
    State& state = *state_;
    const auto add = [&state](Listening listening, Service& service,
                              std::vector<base::ListenAddress>& addresses) {
        state.listeners.push_back(std::make_unique<Listener>(std::move(listening), service));
        addresses.push_back(state.listeners.back()->address());
    };
    const auto add_main = [&](Listening listening) {
        add(std::move(listening), state.main, state.addresses);
    };
    const auto add_for_probes = [&](Listening listening) {
        add(std::move(listening), state.probes, state.probe_addresses);
    };
    tl::expected<void, std::string> added;
    for (const int descriptor : options.inherited_sockets) {
        added = added.and_then([&] { return take_over(descriptor).map(add_main); });
    }
    for (const auto& address : options.addresses) {
        added = added.and_then([&] { return listen_on(address).map(add_main); });
    }
    for (const auto& address : options.probe_addresses) {
        added = added.and_then([&] { return listen_on(address).map(add_for_probes); });
    }
    return added;
}

void Server::run() {
    std::promise<void> finished;
    state_->finished = finished.get_future();
    state_->thread = std::jthread([state = state_.get(), done = std::move(finished)]() mutable {
        state->loop->run([state](Time now) { return state->tick(now); });
        done.set_value();
    });
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
    std::size_t connections = 0;
    for (const Roster* const roster : state_->rosters) {
        connections += roster->size();
    }
    return connections;
}

void Server::stop(milliseconds grace) {
    State* const state = state_.get();
    if (!state->thread.joinable()) {
        return;
    }
    state->loop->post([state] {
        for (const auto& listener : state->listeners) {
            listener->stop();
        }
        for (Roster* const roster : state->rosters) {
            roster->drain();
        }
        state->loop->finish();
    });
    // The thread ends when nothing is left to wait for, that is with the last connection.
    if (state->finished.wait_for(grace) == std::future_status::timeout) {
        state->loop->post([state] {
            for (Roster* const roster : state->rosters) {
                roster->close_all();
            }
        });
    }
    state->thread.join();
}

}  // namespace exporter::http
