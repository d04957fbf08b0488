// Tracks the open connections, what each is doing and since when. Enforces deadlines, and chooses the
// connection to close at a limit. Has no clock: callers pass the time.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace exporter::http {

/// The bytes of an IPv4 address, or of the /64 network of an IPv6 address, which is usually one subscriber's;
/// empty for a Unix socket, whose clients are not distinguished.
using Peer = std::string;

[[nodiscard]] Peer peer_of(const sockaddr_storage& address);

/// One connection, from the roster's point of view.
class Connection {
  public:
    virtual ~Connection() = default;

    /// Closes the connection immediately, whatever it is doing; it leaves the roster.
    virtual void close() = 0;
};

enum class Phase {
    receiving,  ///< connected, or receiving a request that is not complete
    idle,       ///< kept alive, no part of another request has arrived
    verifying,  ///< its password is being checked
    answering,  ///< its answer is not completely written yet
    lingering   ///< sent its last answer; the client has not closed yet
};

/// Maximum time in each phase, by `Phase`.
using PhaseLimits = std::array<std::chrono::milliseconds, 5>;

struct RosterLimits {
    std::size_t connections = 1024;
    std::size_t connections_of_peer = 256;
};

/// The open connections of one kind. Used only on the server's thread, except for `size()`. Does not own the
/// connections: each enters when created and leaves when it closes.
class Roster {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Entry;
    using Place = std::list<Entry>::iterator;
    /// Each peer's connections; those that wait are ordered longest first.
    using Peers = std::map<Peer, std::list<Place>>;

    struct Entry {
        Connection* connection;
        Phase phase;
        Time since;     ///< start of this phase
        Time progress;  ///< while answering: when its answer last made progress
        Peers::iterator peer;
        std::list<Place>::iterator in_peer;
    };

    explicit Roster(const RosterLimits& limits) : limits_(limits) {}

    /// Makes room for one more connection. At a limit, closes the one that has waited longest for its
    /// complete request; at the peer's limit, one of the same peer.
    /// @return if none waits, the status that rejects the new one: 429 at the peer's limit, otherwise 503
    [[nodiscard]] std::optional<unsigned> admit(const Peer& peer);

    /// Closes the connection that has waited longest; false if none waits.
    bool close_longest_waiting();

    /// Closes the connection whose client has read nothing of its answer for the longest time, if it stopped
    /// before `before`. Returns whether it closed one.
    bool close_longest_stalled(Time before);

    /// Adds a connection, as receiving.
    [[nodiscard]] Place enter(Connection& connection, const Peer& peer, Time now);
    void leave(Place place);
    void move(Place place, Phase phase, Time now);
    /// Call this when a client has read part of its answer.
    void note_progress(Place place, Time now);

    /// Closes connections that have exceeded their phase's time limit.
    void close_overdue(Time now, const PhaseLimits& limits);
    void close_if(const std::function<bool(const Entry&)>& is_unwanted);
    /// Closes waiting connections; the others close after their answer, see `draining()`.
    void drain();

    [[nodiscard]] bool draining() const { return draining_; }
    [[nodiscard]] std::size_t answering() const { return answering_.size(); }
    /// Thread-safe.
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    using Group = std::list<Entry>;

    [[nodiscard]] Group& group(Phase phase);

    const RosterLimits limits_;
    Group waiting_;    ///< waiting for a complete request or for the client to close: longest first
    Group verifying_;  ///< in no particular order
    Group answering_;  ///< longest without progress first
    Peers peers_;
    std::atomic<std::size_t> size_ = 0;
    bool draining_ = false;
};

}  // namespace exporter::http
