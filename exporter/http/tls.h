// Server-side TLS with OpenSSL: the server's certificate, and which clients it accepts. The options are those
// of exporter-toolkit's `tls_server_config`, with the same meaning as there (Go's crypto/tls):
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
#pragma once

#include "base/secret.h"
#include "http/channel.h"

#include <openssl/types.h>
#include <tl/expected.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace exporter::http {

/// Go's five ClientAuthType values.
enum class ClientAuth {
    none,               ///< no certificate is requested
    request,            ///< requested, but neither required nor verified
    require_any,        ///< required, not verified
    verify_if_given,    ///< not required; verified if there is one
    require_and_verify  ///< required and verified
};

/// Whether clients without a certificate are refused.
[[nodiscard]] constexpr bool is_required(ClientAuth auth) {
    return auth == ClientAuth::require_any || auth == ClientAuth::require_and_verify;
}

/// Whether clients whose certificate is not signed by the CA are refused.
[[nodiscard]] constexpr bool is_verified(ClientAuth auth) {
    return auth == ClientAuth::verify_if_given || auth == ClientAuth::require_and_verify;
}

/// Older versions are not offered (RFC 8996).
enum class TlsVersion { tls_1_2, tls_1_3 };

/// Texts are PEM, not file names.
struct TlsOptions {
    std::string certificate;  ///< the server's own first, then the intermediates
    base::Secret key;         ///< of the first certificate, not encrypted
    ClientAuth client_auth = ClientAuth::none;
    /// The CA certificates for client certificates, needed by the two values of `client_auth` that verify.
    /// Without them, Go would use the system's roots, and so accept anyone with a purchased certificate.
    std::string client_ca;
    /// If not empty, a client's certificate must have one of these among its subject alternative names: DNS,
    /// IP, e-mail or URI, exactly as written. Allowed only if a certificate is required. With `require_any`,
    /// the names are unproven claims.
    std::vector<std::string> client_allowed_sans;
    TlsVersion min_version = TlsVersion::tls_1_2;
    TlsVersion max_version = TlsVersion::tls_1_3;
    /// IANA names, and two old Go names. Default for TLS 1.2: ECDHE with AES-GCM or ChaCha20-Poly1305; for
    /// TLS 1.3, as in Go: all three suites. If all are for one version, see `TlsContext::make`.
    std::vector<std::string> cipher_suites;
    bool prefer_server_cipher_suites = true;
    /// Go's names: CurveP256, CurveP384, CurveP521, X25519, X25519MLKEM768. Empty: OpenSSL's default.
    std::vector<std::string> curve_preferences;
};

/// Immutable after construction; thread-safe.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
  public:
    /// With only TLS 1.3 suites, TLS 1.2 is disabled, as in Go.
    ///
    /// @return the error says what is wrong and how to fix it, without quoting any of the texts
    [[nodiscard]] static tl::expected<std::shared_ptr<const TlsContext>, std::string> make(
        const TlsOptions& options);

    /// @param socket owned by the caller; must be non-blocking and outlive the channel. The channel may
    /// outlive the context.
    ///
    /// If a client speaks plain HTTP, it gets an HTTP error, and the handshake fails.
    [[nodiscard]] std::unique_ptr<Channel> accept(int socket) const;

  private:
    explicit TlsContext(const TlsOptions& options);
    [[nodiscard]] tl::expected<void, std::string> set_clients(const std::string& ca);
    static int check_client(X509_STORE_CTX* chain, void* context);

    const ClientAuth client_auth_;
    /// Allowed client names; empty: any name. Each is a flag (whether it is an address) and its bytes.
    const std::set<std::pair<bool, std::string>> allowed_names_;
    const std::shared_ptr<SSL_CTX> context_;
};

}  // namespace exporter::http
