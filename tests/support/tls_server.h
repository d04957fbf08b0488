// An HTTPS server on loopback.
#pragma once

#include "support/certificate.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace exporter::support {

class TlsServer {
  public:
    struct Reply {
        std::string body;      ///< JSON
        std::string location;  ///< empty: 200; otherwise a redirect there
    };
    /// Answers a request for a path and query.
    using Handler = std::function<Reply(const std::string& target)>;

    /// @param port 0: any free one
    TlsServer(const Certificate& certificate, Handler handler, std::uint16_t port = 0);
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer();

    [[nodiscard]] std::uint16_t port() const;
    /// Requests that got past the handshake.
    [[nodiscard]] std::size_t requests() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::support
