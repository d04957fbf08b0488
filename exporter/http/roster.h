// Who is connected, what each connection is doing and since when: deadlines, and who makes room at a limit.
// Knows no clock: the time comes in.
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

/// The bytes of an IPv4 address, or of the /64 network of an IPv6 address, which is what one subscriber has;
/// empty for a Unix socket, whose clients are not told apart.
using Peer = std::string;

[[nodiscard]] Peer peer_of(const sockaddr_storage& address);

/// One connection, as far as the roster deals with it.
class Connection {
  public:
    virtual ~Connection() = default;

    /// Leaves the roster at once, whatever is under way.
    virtual void close() = 0;
};

enum class Phase {
    receiving,  ///< connected or its request has begun; the request is not complete
    idle,       ///< kept alive, nothing of a next request has arrived
    verifying,  ///< its password is being checked
    answering,  ///< its answer is not written yet
    lingering   ///< answered for the last time; the client has not closed yet
};

/// The longest that a connection may stay in each phase, by `Phase`.
using PhaseLimits = std::array<std::chrono::milliseconds, 5>;

struct RosterLimits {
    std::size_t connections = 1024;
    std::size_t connections_of_peer = 256;
};

/// The open connections of one kind. Used on the server's thread alone, but for `size()`. Does not own the
/// connections: each enters when it is made and leaves when it closes.
class Roster {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Entry;
    using Place = std::list<Entry>::iterator;
    /// The connections of each peer; of those that wait, the longest first.
    using Peers = std::map<Peer, std::list<Place>>;

    struct Entry {
        Connection* connection;
        Phase phase;
        Time since;     ///< in this phase
        Time progress;  ///< when its answer last went on; while answering
        Peers::iterator peer;
        std::list<Place>::iterator in_peer;
    };

    explicit Roster(const RosterLimits& limits) : limits_(limits) {}

    /// Makes room for one more connection. At a limit, the one that has waited longest for its request to be
    /// complete is closed: of the same peer at the peer's limit.
    /// @return where none waits, the status that refuses the new one: 429 at the peer's limit, else 503
    [[nodiscard]] std::optional<unsigned> admit(const Peer& peer);

    /// Closes the connection that has waited longest; false when none waits.
    bool close_longest_waiting();

    /// Closes the connection whose client has taken nothing of its answer for the longest time, if that began
    /// before `before`. Whether it did.
    bool close_longest_stalled(Time before);

    /// Enters as receiving.
    [[nodiscard]] Place enter(Connection& connection, const Peer& peer, Time now);
    void leave(Place place);
    void move(Place place, Phase phase, Time now);
    /// A client that is being answered takes what it is sent.
    void note_progress(Place place, Time now);

    /// Closes those that have stayed in their phase for longer than its limit.
    void close_overdue(Time now, const PhaseLimits& limits);
    void close_if(const std::function<bool(const Entry&)>& is_unwanted);
    /// Closes those that wait; the others shall close when they are answered, as `draining()` tells them.
    void drain();

    [[nodiscard]] bool draining() const { return draining_; }
    [[nodiscard]] std::size_t answering() const { return answering_.size(); }
    /// Thread-safe.
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    using Group = std::list<Entry>;

    [[nodiscard]] Group& group(Phase phase);

    const RosterLimits limits_;
    Group waiting_;    ///< for a complete request or the client's end: the longest first
    Group verifying_;  ///< in no order
    Group answering_;  ///< the longest without progress first
    Peers peers_;
    std::atomic<std::size_t> size_ = 0;
    bool draining_ = false;
};

}  // namespace exporter::http
