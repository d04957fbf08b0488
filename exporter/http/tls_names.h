// Cipher suites and curves by the names that Go has for them. Internal to the server.
#pragma once

#include <openssl/types.h>
#include <tl/expected.hpp>

#include <string>
#include <vector>

namespace exporter::http {

/// @param names none: this server's choice
/// @param key the server's: suites of TLS 1.2 are for RSA or for ECDSA keys
/// @return whether any is left for TLS 1.2, or a sentence that has the name. Some are always left for
/// TLS 1.3.
[[nodiscard]] tl::expected<bool, std::string> set_cipher_suites(SSL_CTX* context,
                                                                const std::vector<std::string>& names,
                                                                const EVP_PKEY* key);

/// @param names none: OpenSSL's choice
/// @return or a sentence that has the name
[[nodiscard]] tl::expected<void, std::string> set_curves(SSL_CTX* context,
                                                         const std::vector<std::string>& names);

}  // namespace exporter::http
