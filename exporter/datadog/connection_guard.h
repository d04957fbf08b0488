// Ends an exchange from outside: at its deadline, or because the program ends.
//
// wire.h bounds each wait for a byte; but cpp-httplib connects to one address after another, and its `stop()`
// takes a lock that a handshake under way holds. The guard keeps a duplicate of the connection's
// descriptor and shuts the socket down through it, at any time and from another thread, without the risk of
// hitting a number that was closed and given out again.
#pragma once

#include "base/descriptor.h"
#include "datadog/error.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace exporter::datadog {

/// One thread that watches the deadlines of all exchanges. Thread-safe.
class Watchdog {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    using Entries = std::multimap<Deadline, std::function<void()>>;
    using Ticket = Entries::iterator;

    Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() = default;

    /// @param expired called once on the watchdog's thread, unless `release` comes first; must be quick and
    /// must not call the watchdog
    [[nodiscard]] Ticket watch(Deadline deadline, std::function<void()> expired);
    /// To be called for each ticket, whether its time came or not. Waits for `expired` where it is being
    /// called.
    void release(Ticket ticket);

  private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any sooner_;
    // Protected by mutex_:
    Entries entries_;
    Deadline awake_at_ = Deadline::max();

    std::jthread thread_;  ///< last: it uses all of the above
};

class ConnectionGuard {
  public:
    /// @param watchdog must outlive the guard
    explicit ConnectionGuard(Watchdog& watchdog) : watchdog_(watchdog) {}
    ConnectionGuard(const ConnectionGuard&) = delete;
    ConnectionGuard& operator=(const ConnectionGuard&) = delete;
    ~ConnectionGuard() { release(); }

    /// This connection has a new socket; the guard forgets the one before it.
    void watch(int socket);

    /// An exchange begins that must be over by `deadline`. The one before it is over, even if an exception
    /// kept `end` from being called.
    void begin(Watchdog::Deadline deadline);
    /// The exchange is over.
    ///
    /// @param keep the connection stays, for the next exchange
    /// @return why the guard cut it: `timeout` or `cancelled`; nullopt: it did not
    [[nodiscard]] std::optional<ErrorKind> end(bool keep);

    /// Cuts the exchange under way and every later one. From any thread.
    void cancel();

  private:
    void release();
    void expire();
    void cut();

    Watchdog& watchdog_;
    std::optional<Watchdog::Ticket> ticket_;  ///< of the exchange under way

    std::mutex mutex_;
    // Protected by mutex_:
    base::Descriptor socket_;  ///< own duplicate
    std::optional<ErrorKind> cut_;
    bool cancelled_ = false;
};

}  // namespace exporter::datadog
