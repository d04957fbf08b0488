// Reads certificates and keys from PEM text. Error messages never quote the text.
#pragma once

#include <openssl/types.h>
#include <tl/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

using Certificates = std::vector<std::shared_ptr<X509>>;

/// Returns at least one certificate, in the order of the text. Anything that is not a certificate is skipped.
/// A damaged certificate is an error, which gives its number.
///
/// @param what how errors refer to the text: "the certificate"
[[nodiscard]] tl::expected<Certificates, std::string> read_certificates(std::string_view pem,
                                                                        std::string_view what);

struct CertificateFile {
    Certificates certificates;
    std::string others_may_write;  ///< as in `FileText`
};

/// Reads certificates from a regular file of at most 4 MiB, twenty times the size of Debian's CA bundle.
[[nodiscard]] tl::expected<CertificateFile, std::string> read_certificate_file(const std::string& path,
                                                                               std::string_view what);

/// The first private key in the text. An encrypted key is an error: there is no password prompt.
[[nodiscard]] tl::expected<std::shared_ptr<EVP_PKEY>, std::string> read_private_key(std::string_view pem);

/// OpenSSL's description of the first error in its queue, for the end of a message. Clears the queue.
[[nodiscard]] std::string openssl_reason();

}  // namespace exporter::base
