// Who is connected, what each connection is doing and since when: deadlines, and who makes room at a limit.
// Knows no clock: the time comes in.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace exporter::http {

/// An IPv4 address, or the /64 network of an IPv6 address, which is what one subscriber has.
struct Peer {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 as IPv4-mapped IPv6

    auto operator<=>(const Peer&) const = default;

    /// For use as a key elsewhere; not for people.
    [[nodiscard]] std::string key() const { return {bytes.begin(), bytes.end()}; }
};

/// None for a Unix socket's, whose clients are not told apart.
[[nodiscard]] std::optional<Peer> peer_of(const sockaddr_storage& address);

/// One connection, as far as the roster deals with it.
class Connection {
  public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
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
inline constexpr std::size_t phase_count = 5;

/// The longest that a connection may stay in each phase, by `Phase`.
using PhaseLimits = std::array<std::chrono::milliseconds, phase_count>;

struct RosterLimits {
    std::size_t connections = 1024;
    std::size_t connections_of_peer = 256;
    PhaseLimits phases{};
};

/// The open connections of one kind. Used on the server's thread alone, but for `size()`. Does not own the
/// connections: each enters when it is made and leaves when it closes.
class Roster {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Entry;
    using Place = std::list<Entry>::iterator;

    enum class Admission { welcome, too_many, too_many_of_peer };

    explicit Roster(const RosterLimits& limits) : limits_(limits) {}
    Roster(const Roster&) = delete;
    Roster& operator=(const Roster&) = delete;

    /// Whether one more connection may enter. At a limit, the one that has waited longest for its request to
    /// be complete is closed to make room: of the same peer at the peer's limit. Not welcome when none waits.
    [[nodiscard]] Admission admit(const std::optional<Peer>& peer);

    /// Closes the connection that has waited longest; false when none waits.
    bool close_longest_waiting();

    /// Closes the connection whose client has taken nothing of its answer for the longest time, if that began
    /// before `before`. Whether it did.
    bool close_longest_stalled(Time before);

    /// Enters as receiving.
    [[nodiscard]] Place enter(Connection& connection, const std::optional<Peer>& peer, Time now);
    void leave(Place place);
    void move(Place place, Phase phase, Time now);
    /// A client that is being answered takes what it is sent.
    void note_progress(Place place, Time now);

    /// Closes those that have stayed in their phase for longer than its limit.
    void close_overdue(Time now);

    /// Closes those between two requests.
    void close_idle();

    /// Closes those that wait; the others shall close when they are answered, as `draining()` tells them.
    void drain();
    [[nodiscard]] bool draining() const { return draining_; }
    void close_all();

    [[nodiscard]] std::size_t answering() const { return group(Phase::answering).size(); }
    /// Thread-safe.
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    struct Connections {
        std::size_t count = 0;
        std::list<Place> waiting;  ///< the longest first
    };
    using Peers = std::map<Peer, Connections>;
    using Group = std::list<Entry>;

  public:
    struct Entry {
        Connection* connection;
        Phase phase;
        Time since;     ///< in this phase
        Time progress;  ///< when its answer last went on; while answering
        std::optional<Peers::iterator> peer;
        std::optional<std::list<Place>::iterator> in_peers_waiting;
    };

  private:
    [[nodiscard]] Group& group(Phase phase);
    [[nodiscard]] const Group& group(Phase phase) const { return const_cast<Roster*>(this)->group(phase); }
    template <class Predicate>
    static void close_if(Group& entries, Predicate is_unwanted);
    void forget(Place place);
    static void join_peers_waiting(Place place);
    static void leave_peers_waiting(Place place);

    const RosterLimits limits_;
    Group waiting_;    ///< for a complete request or the client's end: the longest first
    Group verifying_;  ///< in no order
    Group answering_;  ///< the longest without progress first
    Peers peers_;
    std::atomic<std::size_t> size_ = 0;
    bool draining_ = false;
};

}  // namespace exporter::http
