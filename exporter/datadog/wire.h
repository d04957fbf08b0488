// How long a peer may take: for a byte, and for all of an exchange.
#pragma once

#include <chrono>

namespace exporter::datadog {

/// Bounds every wait of one exchange at a time.
class Wire {
  public:
    /// @param silence how long to wait for the next byte
    /// @param deadline when there is no waiting any more
    void begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline);

    /// Waits until the socket has one of these `poll` events. False: there was no more time.
    [[nodiscard]] bool wait_for(int socket, short events);

    /// The peer was waited for in vain.
    [[nodiscard]] bool was_silent() const { return silent_; }

  private:
    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
};

}  // namespace exporter::datadog
