#include "support/client_certificate_server.h"

#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>

namespace exporter::support {

RawServer::Script demanding_client_certificate(const Certificate& certificate, int version,
                                               AfterRefusal after) {
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (SSL_CTX_use_certificate_file(context.get(), certificate.certificate_file().c_str(),
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file().c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("the server's certificate");
    }
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return [context, after](RawConnection& connection) {
        const std::shared_ptr<SSL> ssl(SSL_new(context.get()), SSL_free);
        SSL_set_fd(ssl.get(), connection.socket());
        SSL_accept(ssl.get());
        if (after == AfterRefusal::waits) {
            connection.hold();
        }
    };
}

}  // namespace exporter::support
