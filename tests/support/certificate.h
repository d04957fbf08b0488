// Certificates for tests, generated at run time so that nothing in the repository expires.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace exporter::support {

/// PEM-encoded.
struct CertificateText {
    std::string certificate;
    std::string key;
};

enum class KeyKind { p256, rsa };

/// A CA whose certificate is self-signed.
class Authority {
  public:
    explicit Authority(const std::string& name);

    [[nodiscard]] std::string certificate() const;

    /// @param names subject alternative names in OpenSSL's notation: `DNS:a.example`, `IP:::1`
    /// @param days validity from now; negative: already expired
    /// @param common_name of the subject
    [[nodiscard]] CertificateText issue(const std::vector<std::string>& names, int days = 1,
                                        KeyKind kind = KeyKind::p256,
                                        const std::string& common_name = "issued") const;

  private:
    struct Signer;
    std::shared_ptr<const Signer> signer_;
};

/// A self-signed certificate and its key as PEM files in a temporary directory, removed by the destructor.
class Certificate {
  public:
    /// @param address the IP address the certificate is for
    /// @param days validity from now; negative: already expired
    explicit Certificate(const std::string& address, int days = 1);
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;
    ~Certificate();

    [[nodiscard]] std::string certificate_file() const { return directory_ + "/certificate.pem"; }
    [[nodiscard]] std::string key_file() const { return directory_ + "/key.pem"; }

  private:
    std::string directory_;
};

}  // namespace exporter::support
