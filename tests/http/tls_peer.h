// A TLS client and the server's channel at the two ends of a socket pair, driven step by step on one thread
// without blocking.
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

/// Two connected non-blocking sockets.
class SocketPair {
  public:
    SocketPair();
    SocketPair(const SocketPair&) = delete;
    SocketPair& operator=(const SocketPair&) = delete;
    ~SocketPair();

    [[nodiscard]] int server() const { return sockets_[0]; }
    [[nodiscard]] int client() const { return sockets_[1]; }
    void close_client();

    /// Sends bytes from the client's side, bypassing TLS.
    void send_raw(const std::string& bytes) const;
    /// What has arrived at the client, still encrypted.
    [[nodiscard]] std::string receive_raw() const;

  private:
    std::array<int, 2> sockets_{};
};

struct ClientOptions {
    support::CertificateText identity;  ///< empty: none
    int version = 0;                    ///< TLS version, as OpenSSL's number; 0: any
    std::string suites;                 ///< TLS 1.2 cipher suites, by OpenSSL's names
    std::string groups;                 ///< by OpenSSL's names
    std::vector<std::string> protocols;
    int longest_record = 0;  ///< maximum record payload in bytes, at least 512; 0: 16 KiB
};

class TlsClient {
  public:
    TlsClient(int socket, const ClientOptions& options);

    /// Continues the handshake. True: it is complete.
    [[nodiscard]] bool handshake();
    [[nodiscard]] bool send(const std::string& bytes);
    /// Everything that has arrived.
    [[nodiscard]] std::string receive();
    /// The server has sent close_notify.
    [[nodiscard]] bool was_told_the_end() const;
    void say_goodbye();
    /// Starts a TLS 1.2 renegotiation. A long session ticket makes a long ClientHello.
    void ask_for_renegotiation(std::size_t ticket_bytes = 0);
    /// Sends `times` TLS 1.3 KeyUpdates: records without data.
    void update_keys(int times);

    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string suite() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] int server_certificates() const;
    /// Whether it has a session that a later connection could resume.
    [[nodiscard]] bool has_resumable_session() const;

  private:
    std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<SSL> ssl_;
};

/// A server's channel connected to a client.
struct Connection {
    Connection(const TlsContext& context, const ClientOptions& options = {});

    /// Alternates between both sides until the server's handshake is done or has failed.
    Progress shake_hands();

    SocketPair sockets;
    std::unique_ptr<Channel> server;
    TlsClient client;
};

}  // namespace exporter::http::testing
