// Clients that flood a TLS server on loopback with records that carry no data. They never verify the server.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace exporter::support {

/// A connection with a completed handshake. The constructor throws std::runtime_error if that fails.
class TlsFloodConnection {
  public:
    /// @param version TLS version, as OpenSSL's number @param source local address to connect from, in
    /// 127.0.0.0/8
    TlsFloodConnection(std::uint16_t port, int version, const std::string& source = "127.0.0.1");
    TlsFloodConnection(TlsFloodConnection&& other) noexcept;
    TlsFloodConnection(const TlsFloodConnection&) = delete;
    TlsFloodConnection& operator=(const TlsFloodConnection&) = delete;
    TlsFloodConnection& operator=(TlsFloodConnection&&) = delete;
    ~TlsFloodConnection();

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
    [[nodiscard]] int socket() const { return socket_; }
    /// Whether the server closes the connection within `limit`.
    [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const;

  private:
    int socket_;
    std::shared_ptr<SSL> ssl_;
};

/// A burst of TLS 1.3 KeyUpdates, prepared before it is sent.
class KeyUpdateBurst {
  public:
    KeyUpdateBurst(std::uint16_t port, int updates, const std::string& source = "127.0.0.1");

    /// Sends as much as the socket accepts without blocking. Returns the number of bytes.
    std::size_t send();
    [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const {
        return connection_.ended_within(limit);
    }

  private:
    TlsFloodConnection connection_;
    std::string burst_;
};

/// Sends ClientHello headers inside a TLS 1.2 connection: a renegotiation that never progresses.
class RenegotiationFlood {
  public:
    explicit RenegotiationFlood(std::uint16_t port, const std::string& source = "127.0.0.1");

    /// Sends until the server closes the connection or `limit` has passed. True: the server closed it.
    bool send(std::chrono::milliseconds limit);

  private:
    [[nodiscard]] std::string next_record();

    TlsFloodConnection connection_;
    std::string key_;             ///< AES-128-GCM key for the client's writes
    std::string salt_;            ///< fixed 4 bytes of its nonces
    std::uint64_t sequence_ = 1;  ///< the handshake's Finished used 0
};

}  // namespace exporter::support
