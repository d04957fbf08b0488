// The bytes beneath HTTP: a connection, in the clear or with TLS on it, of which every wait has an end: at
// its deadline, or as the program ends.
//
// Not cpp-httplib's connections: it gives up at the first address that does not answer, and its `stop()`
// takes a lock that is held while it connects. Not cpp-httplib's TLS: its handshake can't be bounded as a
// whole, it says "SSL connection failed" of whatever went wrong, and from 0.18 on nothing can be put between
// it and the socket. Nor its tunnel: where the proxy refuses with `Connection: close`, version 0.11 waits
// forever for its own lock; and it sends the proxy's password to the host as well, inside the tunnel.
#pragma once

#include "base/tls_socket.h"
#include "config/endpoint.h"
#include "datadog/error.h"

#include <openssl/types.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// The CA certificates that a client trusts. Constant after construction.
class TlsContext {
  public:
    /// @param ca_file PEM; empty: the system's roots
    explicit TlsContext(const std::string& ca_file);

    /// Verifies no certificate: for requests that carry no secret and only ask whether a server answers.
    [[nodiscard]] static TlsContext of_anybody() { return TlsContext(); }

    /// nullptr: the certificates can't be loaded (see `problem`).
    [[nodiscard]] SSL_CTX* get() const { return problem_.empty() ? context_.get() : nullptr; }
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    TlsContext();

    std::shared_ptr<SSL_CTX> context_;
    std::string problem_;
};

/// Used by one thread at a time, but for `cancel`.
class Wire {
  public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Bounds every wait from now on.
    ///
    /// @param silence how long to wait for the next byte
    /// @param deadline when all waiting ends
    void begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline);

    /// Connects to one address of the host after another, and speaks in the clear. Each address may take as
    /// long as a silence. The search for them can't be cut short.
    ///
    /// @return the socket, which the caller closes after `detach`; an error of kind `dns` or `connect`
    [[nodiscard]] Result<int> connect(const std::string& host, int port);
    /// The same with a Unix socket.
    [[nodiscard]] Result<int> connect(const std::string& unix_path);
    /// Speaks on this socket, in the clear, from now on.
    ///
    /// @param socket connected and non-blocking; the caller closes it, after `detach`
    void attach(int socket);
    /// Makes the handshake: the peer proves to be the host before a byte of ours is sent.
    ///
    /// @return an error of kind `tls`; of kind `timeout` or `network` where the connection failed rather than
    /// TLS
    [[nodiscard]] Result<void> start_tls(const TlsContext& context, const std::string& host);
    /// Lets go of the socket.
    ///
    /// @param say_goodbye tells a peer that speaks TLS that nothing more comes, without waiting
    void detach(bool say_goodbye = false);

    /// Ends every wait, now and later, and shuts the connection down. From any thread.
    void cancel();
    [[nodiscard]] bool is_cancelled() const { return cancelled_; }

    /// Reads at least a byte. 0: the peer has ended the connection; negative: it broke (see `alert`), or
    /// there was no more time (see `was_silent`).
    [[nodiscard]] ssize_t read(char* target, std::size_t size);
    /// False: the connection broke, or there was no more time. Never raises SIGPIPE.
    [[nodiscard]] bool write_all(std::string_view bytes);

    /// The peer has neither sent anything that was not asked for nor ended the connection.
    [[nodiscard]] bool is_idle();
    /// There was no more time, or the last wait ended without a byte.
    [[nodiscard]] bool was_silent() const { return silent_; }
    /// Why the peer ended the connection, in OpenSSL's words; empty: it did not say. Under TLS 1.3 a server
    /// checks the client's certificate, or the lack of one, after the client's part of the handshake: then
    /// this comes instead of an answer.
    [[nodiscard]] const std::string& alert() const { return alert_; }

  private:
    [[nodiscard]] Result<int> connect_to(const sockaddr& address, socklen_t size);
    /// Waits until the socket has one of these `poll` events. False: there was no more time.
    [[nodiscard]] bool wait_for(short events);
    void begin_tls_turn();
    /// Waits for what an operation that returned `result` needs: in the clear, `events`. False: waiting does
    /// not help.
    [[nodiscard]] bool wait_after(int result, short events);
    /// Calls the operation, OpenSSL's or in the clear the system's, until waiting no longer helps.
    ///
    /// @return what it returned last; negative also if there was no more time
    template <class Operation>
    [[nodiscard]] int until_done(short events, Operation operation);
    [[nodiscard]] Error handshake_error() const;
    /// What OpenSSL, or the peer by an alert, says that went wrong; empty: nothing of TLS.
    [[nodiscard]] std::string tls_words() const;

    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;                       ///< what `cancel` shuts down is not closed meanwhile
    int socket_ = -1;                        ///< changed under mutex_
    std::shared_ptr<SSL> ssl_;               ///< null: in the clear
    base::TlsSocket* tls_socket_ = nullptr;  ///< `ssl_`'s
    bool was_asked_for_certificate_ = false;
    std::string alert_;
};

/// The value of `Proxy-Authorization`; nullopt: the proxy's URL has neither a user nor a password.
[[nodiscard]] std::optional<std::string> proxy_authorization(const config::Proxy& proxy);

/// Asks the proxy at the other end of the wire to pass bytes on to `target` (CONNECT: RFC 9110, 9.3.6).
/// Afterwards the wire leads to the target.
///
/// @return an error of kind `connect` or `timeout` whose message has the proxy's answer. A 4xx is definitive:
/// asking again changes nothing, and may lock the account
[[nodiscard]] Result<void> open_tunnel(Wire& wire, const config::Endpoint& target,
                                       const config::Proxy& proxy);

}  // namespace exporter::datadog
