#include "http/roster.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace exporter::http {
namespace {

/// Whether a connection in this phase can be closed without cutting an answer off.
bool is_waiting(Phase phase) {
    return phase == Phase::receiving || phase == Phase::idle || phase == Phase::lingering;
}

constexpr std::array<std::uint8_t, 12> mapped_ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t network_bytes = 8;

Peer of_ipv4(const in_addr& address) {
    Peer peer;
    std::copy(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), peer.bytes.begin());
    std::memcpy(peer.bytes.data() + mapped_ipv4_prefix.size(), &address, sizeof address);
    return peer;
}

Peer of_ipv6(const in6_addr& address) {
    Peer peer;
    std::memcpy(peer.bytes.data(), &address, sizeof address);
    const bool is_ipv4 = std::equal(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), peer.bytes.begin());
    if (!is_ipv4) {
        std::fill(peer.bytes.begin() + network_bytes, peer.bytes.end(), std::uint8_t{0});
    }
    return peer;
}

}  // namespace

std::optional<Peer> peer_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        return of_ipv4(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    }
    if (address.ss_family == AF_INET6) {
        return of_ipv6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    }
    return std::nullopt;
}

Roster::Group& Roster::group(Phase phase) {
    return is_waiting(phase) ? waiting_ : phase == Phase::verifying ? verifying_ : answering_;
}

Roster::Admission Roster::admit(const std::optional<Peer>& peer) {
    if (peer) {
        const auto known = peers_.find(*peer);
        if (known != peers_.end() && known->second.count >= limits_.connections_of_peer) {
            if (known->second.waiting.empty()) {
                return Admission::too_many_of_peer;
            }
            known->second.waiting.front()->connection->close();
        }
    }
    return size() < limits_.connections || close_longest_waiting() ? Admission::welcome : Admission::too_many;
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

Roster::Place Roster::enter(Connection& connection, const std::optional<Peer>& peer, Time now) {
    waiting_.push_back({&connection, Phase::receiving, now, now, std::nullopt, std::nullopt});
    const auto place = std::prev(waiting_.end());
    try {
        if (peer) {
            place->peer = peers_.try_emplace(*peer).first;
            ++(*place->peer)->second.count;
        }
        join_peers_waiting(place);
    } catch (...) {  // No memory: the connection does not come to be.
        forget(place);
        throw;
    }
    size_.fetch_add(1, std::memory_order_relaxed);
    return place;
}

void Roster::forget(Place place) {
    leave_peers_waiting(place);
    if (place->peer && --(*place->peer)->second.count == 0) {
        peers_.erase(*place->peer);
    }
    group(place->phase).erase(place);
}

void Roster::leave(Place place) {
    forget(place);
    size_.fetch_sub(1, std::memory_order_relaxed);
}

void Roster::move(Place place, Phase phase, Time now) {
    const bool goes_on_waiting = is_waiting(place->phase) && is_waiting(phase);  // From idle to receiving.
    if (!goes_on_waiting) {
        leave_peers_waiting(place);
        group(phase).splice(group(phase).end(), group(place->phase), place);
    }
    place->phase = phase;
    place->since = now;
    place->progress = now;
    if (is_waiting(phase) && !goes_on_waiting) {
        join_peers_waiting(place);
    }
}

void Roster::note_progress(Place place, Time now) {
    if (place->phase == Phase::answering) {
        place->progress = now;
        answering_.splice(answering_.end(), answering_, place);
    }
}

void Roster::join_peers_waiting(Place place) {
    if (place->peer) {
        auto& waiting = (*place->peer)->second.waiting;
        place->in_peers_waiting = waiting.insert(waiting.end(), place);
    }
}

void Roster::leave_peers_waiting(Place place) {
    if (place->in_peers_waiting) {
        (*place->peer)->second.waiting.erase(*std::exchange(place->in_peers_waiting, std::nullopt));
    }
}

template <class Predicate>
void Roster::close_if(Group& entries, Predicate is_unwanted) {
    for (auto next = entries.begin(); next != entries.end();) {
        const auto place = next++;
        if (is_unwanted(*place)) {
            place->connection->close();
        }
    }
}

void Roster::close_overdue(Time now) {
    for (Group* const entries : {&waiting_, &verifying_, &answering_}) {
        close_if(*entries, [&](const Entry& entry) {
            return now - entry.since >= limits_.phases.at(static_cast<std::size_t>(entry.phase));
        });
    }
}

void Roster::close_idle() {
    close_if(waiting_, [](const Entry& entry) { return entry.phase == Phase::idle; });
}

void Roster::drain() {
    draining_ = true;
    while (close_longest_waiting()) {
    }
}

void Roster::close_all() {
    drain();
    for (Group* const entries : {&verifying_, &answering_}) {
        close_if(*entries, [](const Entry&) { return true; });
    }
}

}  // namespace exporter::http
