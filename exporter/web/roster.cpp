#include "web/roster.h"

#include "web/session.h"

#include <iterator>

namespace exporter::web {

bool Roster::make_room() {
    return size() < limit_ || close_longest_waiting();
}

bool Roster::close_longest_waiting() {
    if (waiting_.empty()) {
        return false;
    }
    waiting_.front().session->close();
    return true;
}

Roster::Place Roster::enter(Session& session) {
    waiting_.push_back({&session, true});
    size_.fetch_add(1, std::memory_order_relaxed);
    return std::prev(waiting_.end());
}

void Roster::leave(Place place) {
    group_of(place).erase(place);
    size_.fetch_sub(1, std::memory_order_relaxed);
}

void Roster::mark_waiting(Place place) {
    waiting_.splice(waiting_.end(), group_of(place), place);
    place->waiting = true;
}

void Roster::mark_answering(Place place) {
    answering_.splice(answering_.end(), group_of(place), place);
    place->waiting = false;
}

void Roster::drain() {
    draining_ = true;
    while (close_longest_waiting()) {
    }
}

void Roster::close_all() {
    drain();
    while (!answering_.empty()) {
        answering_.front().session->close();
    }
}

}  // namespace exporter::web
