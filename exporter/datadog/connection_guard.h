// A deadline for whole exchanges that a slow peer can't outlast.
//
// cpp-httplib's timeouts are per read, so a server that drips a byte now and then holds a request for ever;
// its `stop()` takes a lock that a handshake under way holds. The guard keeps a duplicate of the connection's
// descriptor and shuts the socket down through it, at any time and from another thread, without the risk of
// hitting a number that was closed and given out again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace exporter::datadog {

class ConnectionGuard {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    enum class Verdict { untouched, expired, cancelled };

    ConnectionGuard();
    ConnectionGuard(const ConnectionGuard&) = delete;
    ConnectionGuard& operator=(const ConnectionGuard&) = delete;
    ~ConnectionGuard();

    /// A socket was made for this connection; the one before it is forgotten.
    void watch(int socket);

    /// An exchange starts that has to be over by `deadline`.
    void begin(Deadline deadline);
    /// The exchange is over; tells whether the guard cut it.
    ///
    /// @param keep the connection stays, for the next exchange
    [[nodiscard]] Verdict end(bool keep);

    /// Cuts the exchange under way and every later one.
    void cancel();

  private:
    void run(const std::stop_token& stop);
    void cut();
    void forget();

    std::mutex mutex_;
    std::condition_variable_any changed_;
    // Protected by mutex_:
    int socket_ = -1;  ///< own duplicate; -1: none
    bool armed_ = false;
    Deadline deadline_;
    Verdict verdict_ = Verdict::untouched;
    bool cancelled_ = false;

    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace exporter::datadog
