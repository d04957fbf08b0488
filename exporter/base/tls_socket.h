// A socket as OpenSSL reads and writes it. Bounds what one OpenSSL call reads from a peer.
//
// OpenSSL's own socket BIO has no bound: SSL_read continues as long as records without data arrive.
// 60,000 KeyUpdates on 8 connections, or the handshake records of TLS 1.2 renegotiation requests, can block
// the web server's thread for 5 to 22 s.
#pragma once

#include <openssl/types.h>

#include <cstddef>

namespace exporter::base {

/// Number of bytes passed to OpenSSL per turn. OpenSSL then sees a socket without further data.
inline constexpr std::size_t tls_turn_bytes = 16384;
/// Consecutive records without application data after the handshake; more break the connection. Go's
/// crypto/tls has the same limit.
inline constexpr int most_records_without_data = 16;
/// Records of a handshake. A certificate chain of 100 KiB, OpenSSL's limit, takes 200 records of 512 bytes,
/// the smallest useful size by RFC 8449 and RFC 6066.
inline constexpr int most_handshake_records = 256;

/// Used by one thread at a time.
class TlsSocket {
  public:
    /// Gives `ssl`, which must be new, the socket to read and write. Writing never raises SIGPIPE.
    ///
    /// @param socket non-blocking; stays the caller's and must outlive `ssl`
    /// @return owned by `ssl`; nullptr: out of memory
    [[nodiscard]] static TlsSocket* attach(SSL* ssl, int socket);

    TlsSocket(const TlsSocket&) = delete;
    TlsSocket& operator=(const TlsSocket&) = delete;

    /// Call this before each OpenSSL call.
    void begin_turn() { turn_left_ = tls_turn_bytes; }
    /// Call this after the handshake, and whenever OpenSSL has returned data.
    void expect_data() { records_left_ = most_records_without_data + 1; }
    /// The peer sent too many records: the OpenSSL call failed, and so will all later ones.
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
