// A socket as OpenSSL reads and writes it. Bounds what one call of OpenSSL's takes from a peer.
//
// OpenSSL's own socket BIO has no bound: SSL_read goes on for as long as records arrive that carry no data.
// 60,000 KeyUpdates on 8 connections, or the handshake records with which a peer asks TLS 1.2 for a
// renegotiation, can hold the web server's thread for 5 to 22 s.
#pragma once

#include <openssl/types.h>

#include <cstddef>

namespace exporter::base {

/// Bytes that OpenSSL gets in one turn. Then it is told that nothing more is there yet.
inline constexpr std::size_t tls_turn_bytes = 16384;
/// Records in a row without a byte for the application, after the handshake; more break the connection. Go's
/// crypto/tls has the same bound.
inline constexpr int most_records_without_data = 16;
/// Records of a handshake. A chain of certificates of 100 KiB, OpenSSL's limit, in records of 512 bytes, the
/// shortest that RFC 8449 and RFC 6066 have a use for, takes 200.
inline constexpr int most_handshake_records = 256;

/// Used by one thread at a time.
class TlsSocket {
  public:
    /// Gives `ssl`, which must be new, the socket to read and write. Writing never raises SIGPIPE.
    ///
    /// @param socket non-blocking; stays the caller's and must outlive `ssl`
    /// @return belongs to `ssl`; nullptr: no memory was left
    [[nodiscard]] static TlsSocket* attach(SSL* ssl, int socket);

    TlsSocket(const TlsSocket&) = delete;
    TlsSocket& operator=(const TlsSocket&) = delete;

    /// To be called before each call of OpenSSL's.
    void begin_turn() { turn_left_ = tls_turn_bytes; }
    /// To be called when the handshake is over, and when OpenSSL has handed over data.
    void expect_data() { records_left_ = most_records_without_data + 1; }
    /// More records came than a peer may send: OpenSSL's call failed, and so will all later ones.
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
