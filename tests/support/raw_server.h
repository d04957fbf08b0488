// A loopback server, plain or TLS, whose script decides every byte it sends, including what an HTTP library
// would refuse to send. simulated_datadog.h is built on it.
#pragma once

#include "support/certificate.h"

#include <openssl/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace exporter::support {

/// An accepted connection, as a script sees it. Every blocking call returns when the server stops.
class RawConnection {
  public:
    /// @param tls null: plain TCP
    RawConnection(int socket, std::shared_ptr<SSL> tls) : socket_(socket), tls_(std::move(tls)) {}

    /// Reads a request's head; empty if the peer has closed.
    std::string read_head();
    /// Reads whatever arrives first.
    void read_some();
    /// False if the peer has closed.
    bool send(std::string_view bytes);
    /// Sends TLS's close_notify. Without this call the connection ends with no close_notify.
    void end_tls();
    /// Ends the connection with a reset instead of a proper close.
    void reset();
    /// Waits until the peer closes, and discards whatever it sends until then.
    void hold();
    /// Waits for `duration`. False if the peer has closed.
    bool wait(std::chrono::milliseconds duration);
    /// Sends one byte every 20 ms until the peer closes.
    void drip(char byte);
    /// Forwards bytes to and from this loopback port until either side closes, as a tunnel does.
    void relay_to(std::uint16_t port);

  private:
    /// Reads at most 4 KiB; empty if the peer has closed.
    std::string receive();

    const int socket_;  ///< the server's end
    const std::shared_ptr<SSL> tls_;
    std::string unread_;  ///< bytes after the last head
};

class RawServer {
  public:
    using Script = std::function<void(RawConnection&)>;

    struct Options {
        std::uint16_t port = 0;   ///< 0: any free one
        bool concurrent = false;  ///< false: serves one connection at a time
        int tls_version = 0;      ///< the only version offered, as OpenSSL's number; 0: all
        /// As gateways and intercepting proxies do. With TLS 1.3 the client learns of the rejection only
        /// after it has finished its side of the handshake.
        bool demands_client_certificate = false;
    };

    /// Runs `script` for each connection; throws std::runtime_error if it can't listen.
    explicit RawServer(Script script);
    RawServer(Script script, const Options& options);
    /// The same over TLS. The script also runs after a failed handshake, and then sees a closed peer.
    RawServer(const Certificate& certificate, Script script);
    RawServer(const Certificate& certificate, Script script, const Options& options);
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    /// Closes all connections immediately.
    ~RawServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t connections() const { return connections_.load(); }

  private:
    RawServer(std::shared_ptr<SSL_CTX> tls, Script script, const Options& options);

    void accept();
    void serve(int socket);

    const std::shared_ptr<SSL_CTX> tls_;
    const Script script_;
    const bool concurrent_;
    std::uint16_t port_;
    int listener_;  ///< declared after port_, which its initializer sets
    std::atomic<std::size_t> connections_ = 0;

    std::mutex mutex_;
    // Protected by mutex_:
    bool stopping_ = false;
    std::set<int> sockets_;
    std::condition_variable none_left_;

    std::thread thread_;
};

/// Status line, headers, `Content-Length` and body.
[[nodiscard]] std::string response(std::string_view status, std::string_view body,
                                   std::string_view headers = "");

/// Reads one request per connection, then runs `answer`.
[[nodiscard]] RawServer::Script after_request(RawServer::Script answer);

/// Sends `answer(head)` for each request until the client closes.
[[nodiscard]] RawServer::Script answering(std::function<std::string(const std::string& head)> answer);

/// A loopback port that neither accepts nor refuses connections, so a client hangs in connect().
class UnresponsivePort {
  public:
    /// @param port 0: any free one
    explicit UnresponsivePort(std::uint16_t port = 0);
    UnresponsivePort(const UnresponsivePort&) = delete;
    UnresponsivePort& operator=(const UnresponsivePort&) = delete;
    ~UnresponsivePort();

  private:
    std::uint16_t port_;
    int listener_;            ///< listens but never accepts
    std::vector<int> queue_;  ///< connections that fill the backlog
};

/// A loopback port with no listener.
[[nodiscard]] std::uint16_t closed_port();

}  // namespace exporter::support
