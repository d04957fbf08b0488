// Clients that flood a TLS server on loopback with records that carry no data. They never verify the server.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace exporter::support {

/// A connection after its handshake. Throws std::runtime_error where there is none.
class TlsFloodConnection {
  public:
    /// @param version OpenSSL's number
    /// @param source the address to come from, of 127.0.0.0/8
    TlsFloodConnection(std::uint16_t port, int version, const std::string& source = "127.0.0.1");
    TlsFloodConnection(TlsFloodConnection&& other) noexcept;
    TlsFloodConnection(const TlsFloodConnection&) = delete;
    TlsFloodConnection& operator=(const TlsFloodConnection&) = delete;
    TlsFloodConnection& operator=(TlsFloodConnection&&) = delete;
    ~TlsFloodConnection();

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
    [[nodiscard]] int socket() const { return socket_; }
    /// Whether the server ends the connection within `limit`.
    [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const;

  private:
    int socket_;
    std::shared_ptr<SSL> ssl_;
};

/// A burst of TLS 1.3's KeyUpdates that is ready to be sent.
class KeyUpdateBurst {
  public:
    KeyUpdateBurst(std::uint16_t port, int updates, const std::string& source = "127.0.0.1");

    /// Sends as much as the socket takes at once. How many bytes that was.
    std::size_t send();
    [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const {
        return connection_.ended_within(limit);
    }

  private:
    TlsFloodConnection connection_;
    std::string burst_;
};

/// Headers of ClientHello messages inside one connection of TLS 1.2: a renegotiation that never gets further.
class RenegotiationFlood {
  public:
    explicit RenegotiationFlood(std::uint16_t port, const std::string& source = "127.0.0.1");

    /// Sends them until the server ends the connection, or `limit` has passed. Whether the server ended it.
    bool send(std::chrono::milliseconds limit);

  private:
    [[nodiscard]] std::string next_record();

    TlsFloodConnection connection_;
    std::string key_;             ///< AES-128-GCM's, of what the client writes
    std::string salt_;            ///< the fixed 4 bytes of its nonces
    std::uint64_t sequence_ = 1;  ///< the handshake's Finished was 0
};

}  // namespace exporter::support
