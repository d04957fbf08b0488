// A TLS client and the channel it talks to, at the two ends of a socket pair in one thread: whatever happens
// between them happens step by step, and never waits.
#pragma once

#include "http/channel.h"
#include "http/tls.h"
#include "support/certificate.h"

#include <openssl/types.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace exporter::http::testing {

/// Two connected sockets that don't block.
class SocketPair {
  public:
    SocketPair();
    SocketPair(const SocketPair&) = delete;
    SocketPair& operator=(const SocketPair&) = delete;
    ~SocketPair();

    [[nodiscard]] int server() const { return sockets_[0]; }
    [[nodiscard]] int client() const { return sockets_[1]; }
    void close_client();

    /// What the client sends past any TLS.
    void send_raw(const std::string& bytes) const;
    /// What has arrived at the client, not decrypted.
    [[nodiscard]] std::string receive_raw() const;

  private:
    std::array<int, 2> sockets_{};
};

struct ClientOptions {
    support::CertificateText identity;  ///< empty: none
    int version = 0;                    ///< OpenSSL's number; 0: any
    std::string suites;                 ///< of TLS 1.2, in OpenSSL's words
    std::string groups;                 ///< in OpenSSL's words
    std::vector<std::string> protocols;
    int longest_record = 0;  ///< bytes of what a record carries, at least 512; 0: 16 KiB
};

class TlsClient {
  public:
    TlsClient(int socket, const ClientOptions& options);

    /// One attempt to go on with the handshake.
    [[nodiscard]] bool handshake();
    [[nodiscard]] bool send(const std::string& bytes);
    /// All that has arrived.
    [[nodiscard]] std::string receive();
    /// The server has said that it sends no more.
    [[nodiscard]] bool was_told_the_end() const;
    void say_goodbye();
    /// The handshake that TLS 1.2 allows in the middle of a connection. A long ticket makes a long
    /// ClientHello.
    void ask_for_renegotiation(std::size_t ticket_bytes = 0);
    /// Sends TLS 1.3's KeyUpdate so many times: records without data.
    void update_keys(int times);

    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string suite() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] int server_certificates() const;
    /// Whether there is something with which a later connection could resume this one.
    [[nodiscard]] bool has_resumable_session() const;

  private:
    std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<SSL> ssl_;
};

/// One connection between a server's context and a client.
struct Connection {
    Connection(const TlsContext& context, const ClientOptions& options = {});

    /// Both sides in turn, until the server's is done or has failed.
    Progress shake_hands();

    SocketPair sockets;
    std::unique_ptr<Channel> server;
    TlsClient client;
};

}  // namespace exporter::http::testing
