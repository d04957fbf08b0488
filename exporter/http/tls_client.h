// Which clients' certificates will do. Internal to the server.
#pragma once

#include "http/tls_context.h"

#include <openssl/types.h>
#include <tl/expected.hpp>

#include <set>
#include <string>

namespace exporter::http {

/// What one context asks of its clients' certificates. Must outlive the connections of the context it is set
/// on.
class ClientRule {
  public:
    /// @return or a sentence: what contradicts what, or what is wrong with the CA's certificates
    [[nodiscard]] static tl::expected<ClientRule, std::string> make(const TlsOptions& options);

    /// @return or a sentence
    [[nodiscard]] tl::expected<void, std::string> set_on(SSL_CTX* context);

  private:
    explicit ClientRule(const TlsOptions& options);

    static int check(X509_STORE_CTX* chain, void* rule);

    ClientAuth auth_;
    std::string ca_;
    std::set<std::string, std::less<>> allowed_names_;
};

}  // namespace exporter::http
