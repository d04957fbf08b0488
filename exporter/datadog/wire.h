// A peer's time: for a byte, and for all of an exchange.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>

namespace exporter::datadog {

/// Bounds every wait of one exchange at a time.
class Wire {
  public:
    /// @param silence how long to wait for the next byte
    /// @param deadline when there is no waiting any more
    void begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline);

    /// Waits until the socket has one of these `poll` events. False: there was no more time.
    [[nodiscard]] bool wait_for(int socket, short events);

    /// As `recv` and `send` (which never raises SIGPIPE), on a socket of either kind; -1 also when there was
    /// no more time.
    [[nodiscard]] ssize_t receive(int socket, char* target, std::size_t size);
    [[nodiscard]] ssize_t send(int socket, const char* bytes, std::size_t size);

    /// The peer was waited for in vain.
    [[nodiscard]] bool was_silent() const { return silent_; }

  private:
    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
};

}  // namespace exporter::datadog
