// Certificates and keys from PEM text. Internal to the server. Errors are sentences without a byte of the
// text.
#pragma once

#include <openssl/types.h>
#include <tl/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

/// At least one, in the order of the text. What is no certificate in the text is passed over.
///
/// @param what how errors call the text: "the certificate"
[[nodiscard]] tl::expected<std::vector<std::shared_ptr<X509>>, std::string> read_certificates(
    const std::string& pem, std::string_view what);

/// The first private key in the text. An encrypted one is an error: nobody is asked for a password.
[[nodiscard]] tl::expected<std::shared_ptr<EVP_PKEY>, std::string> read_private_key(const std::string& pem);

/// The reason OpenSSL has noted first, in its words, for the end of a sentence; forgets all it has noted.
[[nodiscard]] std::string openssl_reason();

}  // namespace exporter::web
