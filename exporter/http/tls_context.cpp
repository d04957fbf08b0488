#include "http/tls_context.h"

#include "base/pem.h"
#include "http/tls_channel.h"
#include "http/tls_client.h"
#include "http/tls_names.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace exporter::http {

struct TlsContext::State {
    explicit State(ClientRule rule) : clients(std::move(rule)) {}

    ClientRule clients;  ///< the context points to it
    std::shared_ptr<SSL_CTX> context{::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free};
};

namespace {

using Done = tl::expected<void, std::string>;

/// RFC 7301: each name after its length.
constexpr std::string_view offered_protocols = "\x08http/1.1";

// A client that offers protocols, but not ours, learns so at once (RFC 7301, 3.2).
int select_protocol(SSL* /*ssl*/, const unsigned char** selected, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
    unsigned char* found = nullptr;
    const int result = ::SSL_select_next_proto(
        &found, size, reinterpret_cast<const unsigned char*>(offered_protocols.data()),
        static_cast<unsigned int>(offered_protocols.size()), offered, offered_size);
    *selected = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_manners(SSL_CTX* context, bool prefer_server_cipher_suites) {
    // No session is resumed, by ticket or cache: a client that was let in once proves itself anew to the CA
    // and the names of today, and there are no ticket keys to wear out. Scrapers keep their connections.
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(context, 0);
    // A request ends with its head, so a connection cut off after it cuts off nothing.
    ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_IGNORE_UNEXPECTED_EOF |
                                       (prefer_server_cipher_suites ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
    // The chain is what was configured, not what can be found among the clients' CAs.
    ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    ::SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

tl::expected<std::shared_ptr<EVP_PKEY>, std::string> set_identity(SSL_CTX* context,
                                                                  const TlsOptions& options) {
    const auto certificates = base::read_certificates(options.certificate, "the certificate");
    if (!certificates) {
        return tl::unexpected(certificates.error());
    }
    auto key = base::read_private_key(options.key.expose());
    if (!key) {
        return key;
    }
    if (::X509_check_private_key(certificates->front().get(), key->get()) != 1) {
        ::ERR_clear_error();
        return tl::unexpected<std::string>(
            "the key is not that of the certificate, which must be the first where there are several");
    }
    const std::shared_ptr<STACK_OF(X509)> chain(sk_X509_new_null(),
                                                [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
    for (std::size_t i = 1; i < certificates->size(); ++i) {
        sk_X509_push(chain.get(), (*certificates)[i].get());
    }
    if (::SSL_CTX_use_cert_and_key(context, certificates->front().get(), key->get(), chain.get(), 1) != 1) {
        return tl::unexpected(fmt::format("the certificate can't be used: {}", base::openssl_reason()));
    }
    return key;
}

int openssl_number(TlsVersion version) {
    return version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

Done set_versions(SSL_CTX* context, const TlsOptions& options, bool has_suite_for_tls_1_2) {
    if (options.min_version > options.max_version) {
        return tl::unexpected<std::string>("min_version is above max_version");
    }
    if (!has_suite_for_tls_1_2 && options.max_version == TlsVersion::tls_1_2) {
        return tl::unexpected<std::string>(
            "no client could agree with cipher_suites: max_version is TLS12, and none of them is for TLS 1.2 "
            "and the certificate's kind of key (RSA or ECDSA)");
    }
    const auto lowest = has_suite_for_tls_1_2 ? options.min_version : TlsVersion::tls_1_3;
    if (::SSL_CTX_set_min_proto_version(context, openssl_number(lowest)) != 1 ||
        ::SSL_CTX_set_max_proto_version(context, openssl_number(options.max_version)) != 1) {
        return tl::unexpected(fmt::format("this version of TLS can't be had: {}", base::openssl_reason()));
    }
    return {};
}

Done configure(SSL_CTX* context, ClientRule& clients, const TlsOptions& options) {
    set_manners(context, options.prefer_server_cipher_suites);
    return set_identity(context, options)
        .and_then([&](const std::shared_ptr<EVP_PKEY>& key) {
            return set_cipher_suites(context, options.cipher_suites, key.get());
        })
        .and_then([&](bool tls_1_2) { return set_versions(context, options, tls_1_2); })
        .and_then([&] { return set_curves(context, options.curve_preferences); })
        .and_then([&] { return clients.set_on(context); });
}

}  // namespace

TlsContext::TlsContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}

tl::expected<std::shared_ptr<const TlsContext>, std::string> TlsContext::make(const TlsOptions& options) {
    auto clients = ClientRule::make(options);
    if (!clients) {
        return tl::unexpected(std::move(clients.error()));
    }
    const auto state = std::make_shared<State>(std::move(*clients));
    if (!state->context) {
        return tl::unexpected(fmt::format("OpenSSL can't be set up: {}", base::openssl_reason()));
    }
    if (auto done = configure(state->context.get(), state->clients, options); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    return std::make_shared<const TlsContext>(state);
}

std::unique_ptr<Channel> TlsContext::accept(int socket) const {
    return tls_channel({::SSL_new(state_->context.get()), ::SSL_free}, socket, state_);
}

}  // namespace exporter::http
