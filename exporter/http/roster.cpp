#include "http/roster.h"

#include <netinet/in.h>

#include <algorithm>
#include <string_view>

namespace exporter::http {
namespace {

/// Whether a connection in this phase can be closed without truncating an answer.
bool is_waiting(Phase phase) {
    return phase == Phase::receiving || phase == Phase::idle || phase == Phase::lingering;
}

template <class Address>
std::string_view memory_of(const Address& address) {
    return {reinterpret_cast<const char*>(&address), sizeof address};
}

}  // namespace

Peer peer_of(const sockaddr_storage& address) {
    constexpr std::size_t ipv4_in_ipv6 = 12;
    constexpr std::size_t network_bytes = 8;
    if (address.ss_family == AF_INET) {
        return Peer(memory_of(reinterpret_cast<const sockaddr_in&>(address).sin_addr));
    }
    if (address.ss_family == AF_INET6) {
        const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        const auto bytes = memory_of(ipv6);
        return Peer(IN6_IS_ADDR_V4MAPPED(&ipv6) ? bytes.substr(ipv4_in_ipv6)
                                                : bytes.substr(0, network_bytes));
    }
    return {};
}

Roster::Group& Roster::group(Phase phase) {
    return is_waiting(phase) ? waiting_ : phase == Phase::verifying ? verifying_ : answering_;
}

std::optional<unsigned> Roster::admit(const Peer& peer) {
    const auto known = peers_.find(peer);
    if (!peer.empty() && known != peers_.end() && known->second.size() >= limits_.connections_of_peer) {
        const auto& own = known->second;
        const auto first =
            std::find_if(own.begin(), own.end(), [](Place place) { return is_waiting(place->phase); });
        if (first == own.end()) {
            return 429;
        }
        (*first)->connection->close();
    }
    if (size() < limits_.connections || close_longest_waiting()) {
        return std::nullopt;
    }
    return 503;
}

bool Roster::close_longest_waiting() {
    if (waiting_.empty()) {
        return false;
    }
    waiting_.front().connection->close();
    return true;
}

bool Roster::close_longest_stalled(Time before) {
    if (answering_.empty() || answering_.front().progress >= before) {
        return false;
    }
    answering_.front().connection->close();
    return true;
}

Roster::Place Roster::enter(Connection& connection, const Peer& peer, Time now) {
    Group one{{&connection, Phase::receiving, now, now, {}, {}}};
    std::list<Place> own{one.begin()};
    const auto place = one.begin();
    place->in_peer = own.begin();
    place->peer = peers_.try_emplace(peer).first;
    // Nothing below allocates memory, so the connection is in all lists or in none.
    auto& all_own = place->peer->second;
    all_own.splice(all_own.end(), own);
    waiting_.splice(waiting_.end(), one);
    size_.fetch_add(1, std::memory_order_relaxed);
    return place;
}

void Roster::leave(Place place) {
    const auto peer = place->peer;
    peer->second.erase(place->in_peer);
    if (peer->second.empty()) {
        peers_.erase(peer);
    }
    group(place->phase).erase(place);
    size_.fetch_sub(1, std::memory_order_relaxed);
}

void Roster::move(Place place, Phase phase, Time now) {
    const bool goes_on_waiting = is_waiting(place->phase) && is_waiting(phase);  // From idle to receiving.
    if (!goes_on_waiting) {
        group(phase).splice(group(phase).end(), group(place->phase), place);
        auto& own = place->peer->second;
        own.splice(own.end(), own, place->in_peer);
    }
    place->phase = phase;
    place->since = now;
    place->progress = now;
}

void Roster::note_progress(Place place, Time now) {
    if (place->phase == Phase::answering) {
        place->progress = now;
        answering_.splice(answering_.end(), answering_, place);
    }
}

void Roster::close_if(const std::function<bool(const Entry&)>& is_unwanted) {
    for (Group* const entries : {&waiting_, &verifying_, &answering_}) {
        for (auto next = entries->begin(); next != entries->end();) {
            const auto place = next++;
            if (is_unwanted(*place)) {
                place->connection->close();
            }
        }
    }
}

void Roster::close_overdue(Time now, const PhaseLimits& limits) {
    close_if([&](const Entry& entry) {
        return now - entry.since >= limits.at(static_cast<std::size_t>(entry.phase));
    });
}

void Roster::drain() {
    draining_ = true;
    close_if([](const Entry& entry) { return is_waiting(entry.phase); });
}

}  // namespace exporter::http
