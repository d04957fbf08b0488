// A socket BIO for OpenSSL that limits how much one OpenSSL call reads from a peer.
//
// OpenSSL's own socket BIO has no limit: SSL_read continues as long as records without data arrive. 60,000
// KeyUpdates on 8 connections, or the handshake records of TLS 1.2 renegotiation requests, can block the web
// server's thread for 5 to 22 s.
#pragma once

#include <openssl/types.h>

#include <cstddef>

namespace exporter::base {

/// Maximum bytes passed to OpenSSL per turn. After that, the socket appears to have no more data.
inline constexpr std::size_t tls_turn_bytes = 16384;
/// Maximum consecutive records without application data after the handshake; more end the connection. Go's
/// crypto/tls has the same limit.
inline constexpr int most_records_without_data = 16;
/// Maximum records in a handshake. A certificate chain of 100 KiB, OpenSSL's limit, takes 200 records of 512
/// bytes, the smallest useful size by RFC 8449 and RFC 6066.
inline constexpr int most_handshake_records = 256;

/// Used by one thread at a time.
class TlsSocket {
  public:
    /// Makes `ssl`, which must be new, use the socket. Writing never raises SIGPIPE.
    ///
    /// @param socket owned by the caller; must be non-blocking and outlive `ssl`
    /// @return owned by `ssl`; nullptr: out of memory
    [[nodiscard]] static TlsSocket* attach(SSL* ssl, int socket);

    TlsSocket(const TlsSocket&) = delete;
    TlsSocket& operator=(const TlsSocket&) = delete;

    /// Call this before each OpenSSL call.
    void begin_turn() { turn_left_ = tls_turn_bytes; }
    /// Call this after the handshake, and whenever OpenSSL has returned data.
    void expect_data() { records_left_ = most_records_without_data + 1; }
    /// Whether the peer sent too many records: the OpenSSL call failed, and so will all later ones.
    [[nodiscard]] bool is_flooded() const { return records_left_ < 0; }

  private:
    struct Bio;

    explicit TlsSocket(int socket) : socket_(socket) {}

    const int socket_;
    std::size_t turn_left_ = tls_turn_bytes;
    int records_left_ = most_handshake_records;
    bool ended_ = false;  ///< the peer has closed its side
};

}  // namespace exporter::base
