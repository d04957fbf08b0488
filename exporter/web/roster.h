// Who is connected: the server's open connections in two groups, those that wait for a request and those
// being answered.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>

namespace exporter::web {

class Session;

/// The open connections. Used on the server's thread alone, but for `size()`. Does not own the sessions: each
/// enters in its constructor and leaves when it closes.
class Roster {
  public:
    struct Entry {
        Session* session;
        bool waiting;
    };
    using Place = std::list<Entry>::iterator;

    explicit Roster(std::size_t limit) : limit_(limit) {}

    /// Whether one more connection may enter. At the limit, the one that has waited longest is closed to make
    /// room; false when all are being answered.
    [[nodiscard]] bool make_room();

    /// Closes the connection that has waited longest; false when none waits.
    bool close_longest_waiting();

    /// Enters as waiting.
    [[nodiscard]] Place enter(Session& session);
    void leave(Place place);

    /// A wait begins: the session goes to the end of the queue.
    void mark_waiting(Place place);
    void mark_answering(Place place);

    /// Closes those that wait; the others shall close when they are answered, as `draining()` tells them.
    void drain();
    [[nodiscard]] bool draining() const { return draining_; }
    void close_all();

    /// Thread-safe.
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    std::list<Entry>& group_of(Place place) { return place->waiting ? waiting_ : answering_; }

    const std::size_t limit_;
    std::list<Entry> waiting_;  ///< the longest wait first
    std::list<Entry> answering_;
    std::atomic<std::size_t> size_ = 0;
    bool draining_ = false;
};

}  // namespace exporter::web
