// A TCP server on loopback that answers with whatever bytes a test wants: for what an HTTP library would not
// send.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace exporter::support {

/// One accepted connection, as a script sees it.
class RawConnection {
  public:
    explicit RawConnection(int socket, const std::atomic<bool>& stopping)
        : socket_(socket), stopping_(stopping) {}

    /// Reads a request's head; empty when the peer is gone.
    std::string read_head();
    /// Reads what comes first.
    void read_some();
    /// False when the peer is gone.
    bool send(std::string_view bytes);
    /// Ends the connection with a reset instead of a proper close.
    void reset();
    /// Waits until the peer closes or the server stops, and reads over what comes meanwhile.
    void hold();
    /// Carries bytes to and from this port of loopback until one of the two ends, as a tunnel does.
    void relay_to(std::uint16_t port);
    /// For what speaks on the connection by itself, as OpenSSL does. Stays the server's.
    [[nodiscard]] int socket() const { return socket_; }
    /// Sends one byte every 20 ms until the peer closes or the server stops.
    void drip(char byte);

  private:
    [[nodiscard]] bool peer_gone(int wait_milliseconds) const;

    int socket_;
    const std::atomic<bool>& stopping_;
};

class RawServer {
  public:
    using Script = std::function<void(RawConnection&)>;

    /// Runs `script` for each connection, one after another.
    ///
    /// @param port 0: any free one
    explicit RawServer(Script script, std::uint16_t port = 0);
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t connections() const { return connections_.load(); }

  private:
    void serve();

    Script script_;
    std::uint16_t port_;
    int listener_;  ///< after port_, which making it sets
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> connections_ = 0;
    std::thread thread_;
};

/// A port of loopback that takes no connection and refuses none: a client waits for as long as it likes.
class UnresponsivePort {
  public:
    /// @param port 0: any free one
    explicit UnresponsivePort(std::uint16_t port = 0);
    UnresponsivePort(const UnresponsivePort&) = delete;
    UnresponsivePort& operator=(const UnresponsivePort&) = delete;
    ~UnresponsivePort();

  private:
    std::uint16_t port_;
    int listener_;            ///< never accepts
    std::vector<int> queue_;  ///< fills its backlog
};

/// A port of loopback where nobody listens.
[[nodiscard]] std::uint16_t closed_port();

}  // namespace exporter::support
