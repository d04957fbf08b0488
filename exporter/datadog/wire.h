// The layer below HTTP: a connection in plain text or over TLS. Every wait ends by a deadline or when the
// program shuts down.
//
// It replaces three parts of cpp-httplib. Its connections give up at the first address that does not answer,
// and its `stop()` takes a lock that is held while connecting. Its TLS has no overall time limit for the
// handshake, reports every failure as "SSL connection failed", and since 0.18 allows nothing between itself
// and the socket. Its tunnel, in version 0.11, deadlocks if the proxy refuses with `Connection: close`, and
// sends the proxy's password to the host as well, inside the tunnel.
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

    /// Verifies no certificate: for requests without secrets that only check whether a server answers.
    [[nodiscard]] static TlsContext of_anybody() { return TlsContext(); }

    /// nullptr: the certificates can't be loaded (see `problem`).
    [[nodiscard]] SSL_CTX* get() const { return problem_.empty() ? context_.get() : nullptr; }
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    TlsContext();

    std::shared_ptr<SSL_CTX> context_;
    std::string problem_;
};

/// Used by one thread at a time, except for `cancel`.
class Wire {
  public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Limits every wait from now on.
    ///
    /// @param silence how long to wait for the next byte
    /// @param deadline when all waiting ends
    void begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline);

    /// Tries the host's addresses in order, and connects in plain text. Each address may take as long as
    /// `silence`. The lookup can't be interrupted.
    ///
    /// @return the socket, which the caller closes after `detach`; an error of kind `dns` or `connect`
    [[nodiscard]] Result<int> connect(const std::string& host, int port);
    /// The same for a Unix socket.
    [[nodiscard]] Result<int> connect(const std::string& unix_path);
    /// Uses this socket, in plain text, from now on.
    ///
    /// @param socket connected and non-blocking; the caller closes it after `detach`
    void attach(int socket);
    /// Does the handshake, which proves that the peer is the host before any application data is sent.
    ///
    /// @return an error of kind `tls`; or of kind `timeout` or `network` if the connection failed rather than
    /// TLS
    [[nodiscard]] Result<void> start_tls(const TlsContext& context, const std::string& host);
    /// Releases the socket.
    ///
    /// @param say_goodbye sends a TLS peer a close notification, without waiting
    void detach(bool say_goodbye = false);

    /// Ends all current and later waits, and shuts the connection down. From any thread.
    void cancel();
    [[nodiscard]] bool is_cancelled() const { return cancelled_; }

    /// Reads at least one byte. 0: the peer closed the connection; negative: it broke (see `alert`), or timed
    /// out (see `was_silent`).
    [[nodiscard]] ssize_t read(char* target, std::size_t size);
    /// False: the connection broke or timed out. Never raises SIGPIPE.
    [[nodiscard]] bool write_all(std::string_view bytes);

    /// The peer has neither sent unsolicited data nor closed the connection.
    [[nodiscard]] bool is_idle();
    /// The time is up, or the last wait ended without a byte.
    [[nodiscard]] bool was_silent() const { return silent_; }
    /// Why the peer closed the connection, in OpenSSL's words; empty: unknown. Under TLS 1.3, a server checks
    /// the client certificate after the client has finished its handshake, so this arrives instead of an
    /// answer.
    [[nodiscard]] const std::string& alert() const { return alert_; }

  private:
    [[nodiscard]] Result<int> connect_to(const sockaddr& address, socklen_t size);
    /// Waits until the socket has one of these `poll` events. False: timed out.
    [[nodiscard]] bool wait_for(short events);
    void begin_tls_turn();
    /// Waits for what an operation that returned `result` needs: `events` in plain text. False: waiting won't
    /// help.
    [[nodiscard]] bool wait_after(int result, short events);
    /// Calls the operation (OpenSSL's, or the system's in plain text) until waiting won't help.
    ///
    /// @return what it returned last; also negative on timeout
    template <class Operation>
    [[nodiscard]] int until_done(short events, Operation operation);
    [[nodiscard]] Error handshake_error() const;
    /// What went wrong according to OpenSSL or the peer's alert; empty: not a TLS problem.
    [[nodiscard]] std::string tls_words() const;

    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;                       ///< prevents closing what `cancel` shuts down
    int socket_ = -1;                        ///< changed under mutex_
    std::shared_ptr<SSL> ssl_;               ///< null: plain text
    base::TlsSocket* tls_socket_ = nullptr;  ///< belongs to `ssl_`
    bool was_asked_for_certificate_ = false;
    std::string alert_;
};

/// The value of `Proxy-Authorization`; nullopt: the proxy's URL has neither a user nor a password.
[[nodiscard]] std::optional<std::string> proxy_authorization(const config::Proxy& proxy);

/// Asks the proxy on this wire to forward bytes to `target` (CONNECT: RFC 9110, 9.3.6). Afterwards, the wire
/// leads to the target.
///
/// @return an error of kind `connect` or `timeout` whose message has the proxy's answer. A 4xx is definitive:
/// retrying is useless and may lock the account
[[nodiscard]] Result<void> open_tunnel(Wire& wire, const config::Endpoint& target,
                                       const config::Proxy& proxy);

}  // namespace exporter::datadog
