#include "http/roster.h"

#include <iterator>
#include <utility>

namespace exporter::http {
namespace {

/// Whether a connection in this phase can be closed without cutting an answer off.
bool is_waiting(Phase phase) {
    return phase == Phase::receiving || phase == Phase::idle || phase == Phase::lingering;
}

}  // namespace

Roster::Admission Roster::admit(const std::optional<Peer>& peer) {
    if (peer) {
        const auto known = peers_.find(*peer);
        if (known != peers_.end() && known->second.count >= limits_.connections_of_peer &&
            !close_first(known->second.waiting)) {
            return Admission::too_many_of_peer;
        }
    }
    return size() < limits_.connections || close_longest_waiting() ? Admission::welcome : Admission::too_many;
}

bool Roster::close_first(const Queue& queue) {
    if (queue.empty()) {
        return false;
    }
    queue.front()->connection->close();
    return true;
}

bool Roster::close_longest_waiting() {
    return close_first(waiting_);
}

bool Roster::close_longest_stalled(Time before) {
    return !stalling_.empty() && stalling_.front()->progress < before && close_first(stalling_);
}

Roster::Place Roster::enter(Connection& connection, const std::optional<Peer>& peer, Time now) {
    auto& receiving = in(Phase::receiving);
    receiving.push_back({&connection, Phase::receiving, now, std::nullopt, now, {}, {}, {}});
    const auto place = std::prev(receiving.end());
    try {
        if (peer) {
            place->peer = peers_.try_emplace(*peer).first;
            ++(*place->peer)->second.count;
        }
        queue_up(place);
    } catch (...) {  // No memory: the connection does not come to be.
        forget(place);
        throw;
    }
    size_.fetch_add(1, std::memory_order_relaxed);
    return place;
}

void Roster::forget(Place place) {
    leave_queues(place);
    if (place->peer && --(*place->peer)->second.count == 0) {
        peers_.erase(*place->peer);
    }
    in(place->phase).erase(place);
}

void Roster::leave(Place place) {
    forget(place);
    size_.fetch_sub(1, std::memory_order_relaxed);
}

void Roster::move(Place place, Phase phase, Time now) {
    in(phase).splice(in(phase).end(), in(place->phase), place);
    place->phase = phase;
    place->since = now;
    if (is_waiting(phase) && place->in_waiting) {
        return;  // From idle to receiving is one wait.
    }
    leave_queues(place);
    if (is_waiting(phase)) {
        queue_up(place);
    } else if (phase == Phase::answering) {
        place->progress = now;
        place->in_stalling = stalling_.insert(stalling_.end(), place);
    }
}

void Roster::note_progress(Place place, Time now) {
    if (place->in_stalling) {
        place->progress = now;
        stalling_.splice(stalling_.end(), stalling_, *place->in_stalling);
    }
}

void Roster::queue_up(Place place) {
    place->in_waiting = waiting_.insert(waiting_.end(), place);
    if (place->peer) {
        auto& of_peer = (*place->peer)->second.waiting;
        place->in_peers_waiting = of_peer.insert(of_peer.end(), place);
    }
}

void Roster::leave_queues(Place place) {
    const auto leave = [](Queue& queue, std::optional<Queue::iterator>& at) {
        if (at) {
            queue.erase(*std::exchange(at, std::nullopt));
        }
    };
    leave(waiting_, place->in_waiting);
    leave(stalling_, place->in_stalling);
    if (place->peer) {
        leave((*place->peer)->second.waiting, place->in_peers_waiting);
    }
}

void Roster::close_overdue(Time now) {
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
        auto& entries = phases_.at(phase);
        while (!entries.empty() && now - entries.front().since >= limits_.phases.at(phase)) {
            entries.front().connection->close();
        }
    }
}

void Roster::close_idle() {
    while (!in(Phase::idle).empty()) {
        in(Phase::idle).front().connection->close();
    }
}

void Roster::drain() {
    draining_ = true;
    while (close_longest_waiting()) {
    }
}

void Roster::close_all() {
    drain();
    for (auto& entries : phases_) {
        while (!entries.empty()) {
            entries.front().connection->close();
        }
    }
}

}  // namespace exporter::http
