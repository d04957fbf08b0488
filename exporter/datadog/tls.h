// TLS on a connected socket, by OpenSSL: the peer proves to be the host before a byte of ours is sent.
//
// Not cpp-httplib's client for it: its handshake can't be bounded as a whole, it says "SSL connection failed"
// of whatever went wrong, and from 0.18 on nothing can be put between it and the wire.
#pragma once

#include "base/tls_socket.h"
#include "datadog/error.h"
#include "datadog/wire.h"

#include <openssl/types.h>
#include <sys/types.h>

#include <memory>
#include <string>

namespace exporter::datadog {

/// Whom a client trusts. Constant after construction.
class TlsContext {
  public:
    /// @param ca_file PEM; empty: the system's roots
    explicit TlsContext(const std::string& ca_file);

    /// Verifies no certificate: for requests that tell nothing and only want to know whether somebody
    /// answers.
    [[nodiscard]] static TlsContext of_anybody() { return TlsContext(); }

    /// Whether a certificate has to be right.
    [[nodiscard]] bool verifies() const { return verifies_; }
    /// nullptr: the certificates can't be loaded.
    [[nodiscard]] SSL_CTX* get() const { return context_.get(); }
    /// Why they can't, for messages.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    TlsContext();
    void trust_system();
    void trust(const std::string& ca_file);

    std::shared_ptr<SSL_CTX> context_;
    std::string problem_;
    bool verifies_ = true;
};

class TlsConnection {
  public:
    /// Makes the handshake. The socket becomes non-blocking; whoever gave it closes it, after this object.
    ///
    /// @param wire its time bounds every wait; must outlive the connection
    /// @return an error of kind `tls`, or of `timeout` or `network` where no word of TLS went wrong but the
    /// connection
    [[nodiscard]] static Result<TlsConnection> open(const TlsContext& context, int socket,
                                                    const std::string& host, Wire& wire);

    /// The peer has neither sent anything that was not asked for nor ended the connection.
    [[nodiscard]] bool is_idle();
    /// At least a byte; 0: the peer has ended the connection; negative: it broke (see `alert`), or there was
    /// no more time.
    [[nodiscard]] ssize_t read(char* target, std::size_t size);
    /// As `read`.
    [[nodiscard]] ssize_t write(const char* bytes, std::size_t size);
    /// Why the peer gave the connection up, in OpenSSL's words; empty: it did not say. Under TLS 1.3 a server
    /// judges the client's certificate, or the lack of one, when the handshake is over for the client: then
    /// this comes in the place of an answer.
    [[nodiscard]] const std::string& alert() const { return alert_; }
    /// Tells the peer that nothing more comes, without waiting.
    void say_goodbye();

  private:
    TlsConnection(std::shared_ptr<SSL> ssl, base::TlsSocket* bytes, int socket, Wire& wire)
        : ssl_(std::move(ssl)), bytes_(bytes), socket_(socket), wire_(&wire) {}

    void note_alert();

    void begin_turn();
    /// Waits for what OpenSSL lacks after an operation that returned `result`. False: it is no matter of
    /// waiting.
    [[nodiscard]] bool wait_after(int result);

    std::shared_ptr<SSL> ssl_;
    base::TlsSocket* bytes_;  ///< `ssl_`'s
    int socket_;
    Wire* wire_;
    std::string alert_;
};

}  // namespace exporter::datadog
