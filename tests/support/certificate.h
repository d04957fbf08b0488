// Certificates for tests, made on the spot: nothing in the repository expires.
#pragma once

#include <string>

namespace exporter::support {

/// A self-signed certificate and its key as PEM files in a directory that goes when the object does.
class Certificate {
  public:
    /// @param address the IP address the certificate is for
    /// @param days until it expires; negative: it has expired
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
