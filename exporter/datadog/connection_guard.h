// An end to exchanges from outside: at their deadline, or because the program ends.
//
// wire.h bounds each wait for a byte; but cpp-httplib connects to one address after another, and its `stop()`
// takes a lock that a handshake under way holds. The guard keeps a duplicate of the connection's
// descriptor and shuts the socket down through it, at any time and from another thread, without the risk of
// hitting a number that was closed and given out again.
#pragma once

#include "datadog/watchdog.h"

#include <mutex>
#include <optional>

namespace exporter::datadog {

class ConnectionGuard {
  public:
    using Deadline = Watchdog::Deadline;
    enum class Verdict { untouched, expired, cancelled };

    /// @param watchdog must outlive the guard
    explicit ConnectionGuard(Watchdog& watchdog) : watchdog_(watchdog) {}
    ConnectionGuard(const ConnectionGuard&) = delete;
    ConnectionGuard& operator=(const ConnectionGuard&) = delete;
    ~ConnectionGuard();

    /// A socket was made for this connection; the one before it is forgotten.
    void watch(int socket);

    /// An exchange starts that has to be over by `deadline`. The one before it is over, even where an
    /// exception kept `end` from being called.
    void begin(Deadline deadline);
    /// The exchange is over; tells whether the guard cut it.
    ///
    /// @param keep the connection stays, for the next exchange
    [[nodiscard]] Verdict end(bool keep);

    /// Cuts the exchange under way and every later one. From any thread.
    void cancel();

  private:
    void release();
    void expire();
    void cut();
    void forget();

    Watchdog& watchdog_;
    std::optional<Watchdog::Ticket> ticket_;  ///< of the exchange under way

    std::mutex mutex_;
    // Protected by mutex_:
    int socket_ = -1;  ///< own duplicate; -1: none
    Verdict verdict_ = Verdict::untouched;
    bool cancelled_ = false;
};

}  // namespace exporter::datadog
