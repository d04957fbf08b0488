// A server on loopback, with TLS or without, whose script decides every byte that it sends: for what an HTTP
// library would not send. The simulated Datadog (simulated_datadog.h) is one of its scripts.
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

/// One accepted connection, as a script sees it. Whatever waits ends when the server stops.
class RawConnection {
  public:
    /// @param tls null: plain TCP
    RawConnection(int socket, std::shared_ptr<SSL> tls) : socket_(socket), tls_(std::move(tls)) {}

    /// Reads a request's head; empty when the peer is gone.
    std::string read_head();
    /// Reads what comes first.
    void read_some();
    /// False when the peer is gone.
    bool send(std::string_view bytes);
    /// Tells the peer that TLS has ended. Otherwise a connection ends without a word.
    void end_tls();
    /// Ends the connection with a reset instead of a proper close.
    void reset();
    /// Waits until the peer closes, and reads over what comes meanwhile.
    void hold();
    /// Waits for so long. False when the peer is gone.
    bool wait(std::chrono::milliseconds duration);
    /// Sends one byte every 20 ms until the peer closes.
    void drip(char byte);
    /// Carries bytes to and from this port of loopback until one of the two ends, as a tunnel does.
    void relay_to(std::uint16_t port);

  private:
    /// At most 4 KiB of what has come; empty when the peer is gone.
    std::string receive();

    const int socket_;  ///< the server's
    const std::shared_ptr<SSL> tls_;
    std::string unread_;  ///< after the last head
};

class RawServer {
  public:
    using Script = std::function<void(RawConnection&)>;

    struct Options {
        std::uint16_t port = 0;   ///< 0: any free one
        bool concurrent = false;  ///< false: connections are served one after another
        int tls_version = 0;      ///< OpenSSL's number, the only one spoken; 0: all that OpenSSL speaks
        /// As gateways and intercepting proxies do. With TLS 1.3 the client learns that it was refused only
        /// after its own part of the handshake.
        bool demands_client_certificate = false;
    };

    /// Runs `script` for each connection; throws std::runtime_error where it can't listen.
    explicit RawServer(Script script);
    RawServer(Script script, const Options& options);
    /// The same over TLS. The script runs after a handshake that failed too, and finds the peer gone.
    RawServer(const Certificate& certificate, Script script);
    RawServer(const Certificate& certificate, Script script, const Options& options);
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    /// Ends all connections at once.
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
    int listener_;  ///< after port_, which making it sets
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

/// Reads a request and then does what `answer` says, once for each connection.
[[nodiscard]] RawServer::Script after_request(RawServer::Script answer);

/// Answers each request with what `answer` makes of its head, for as long as the client likes.
[[nodiscard]] RawServer::Script answering(std::function<std::string(const std::string& head)> answer);

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
