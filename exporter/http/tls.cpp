#include "http/tls.h"

#include "base/pem.h"
#include "http/tls_names.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace exporter::http {

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

std::string_view bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(::ASN1_STRING_length(text))};
}

/// As people write it. Empty: the bytes are no address.
std::string address_of(std::string_view bytes) {
    const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
    if (family == AF_INET6 && bytes.size() != sizeof(in6_addr)) {
        return {};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, bytes.data(), text.data(), text.size());
}

/// An address in the one way `address_of` writes it, anything else as it is.
std::string canonical(const std::string& name) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) {
        return address_of({bytes.data(), sizeof(in6_addr)});
    }
    return name;
}

/// Empty: it is of a kind that can't be allowed.
std::string text_of(const GENERAL_NAME* name) {
    int kind = 0;
    const void* const value = ::GENERAL_NAME_get0_value(name, &kind);
    switch (kind) {
        case GEN_DNS:
        case GEN_EMAIL:
        case GEN_URI:
            return std::string(bytes_of(static_cast<const ASN1_STRING*>(value)));
        case GEN_IPADD:
            return address_of(bytes_of(static_cast<const ASN1_STRING*>(value)));
        default:
            return {};
    }
}

std::set<std::string> alternative_names(const X509* certificate) {
    const std::shared_ptr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        ::GENERAL_NAMES_free);
    std::set<std::string> texts;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        texts.insert(text_of(sk_GENERAL_NAME_value(names.get(), i)));
    }
    texts.erase("");
    return texts;
}

std::set<std::string> canonical(const std::vector<std::string>& names) {
    std::set<std::string> texts;
    for (const std::string& name : names) {
        texts.insert(canonical(name));
    }
    return texts;
}

}  // namespace

std::vector<TlsContradiction> contradictions_in(const TlsOptions& options) {
    std::vector<TlsContradiction> found;
    if (options.min_version > options.max_version) {
        found.push_back({"max_version", "is below min_version (by default TLS12 and TLS13)"});
    }
    if (is_verified(options.client_auth) && options.client_ca.empty()) {
        found.push_back({"client_auth_type",
                         "needs the authority that clients' certificates are verified with; give "
                         "client_ca_file or client_ca"});
    }
    if (!options.client_ca.empty() && options.client_auth == ClientAuth::none) {
        found.push_back({"client_ca",
                         "means nothing while clients are asked for no certificate; write client_auth_type: "
                         "RequireAndVerifyClientCert"});
    }
    if (!options.client_allowed_sans.empty() && !is_required(options.client_auth)) {
        found.push_back({"client_allowed_sans",
                         "needs a certificate of every client; write client_auth_type: "
                         "RequireAndVerifyClientCert (or RequireAnyClientCert)"});
    }
    return found;
}

TlsContext::TlsContext(const TlsOptions& options)
    : client_auth_(options.client_auth),
      allowed_names_(canonical(options.client_allowed_sans)),
      context_(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free) {}

tl::expected<std::shared_ptr<const TlsContext>, std::string> TlsContext::make(const TlsOptions& options) {
    if (const auto found = contradictions_in(options); !found.empty()) {
        return tl::unexpected(fmt::format("{} {}", found.front().option, found.front().what));
    }
    const std::shared_ptr<TlsContext> made(new TlsContext(options));
    if (!made->context_) {
        return tl::unexpected(fmt::format("OpenSSL can't be set up: {}", base::openssl_reason()));
    }
    return made->configure(options).map([&] { return std::shared_ptr<const TlsContext>(made); });
}

Done TlsContext::configure(const TlsOptions& options) {
    SSL_CTX* const context = context_.get();
    set_manners(context, options.prefer_server_cipher_suites);
    return set_identity(context, options)
        .and_then([&](const std::shared_ptr<EVP_PKEY>& key) {
            return set_cipher_suites(context, options.cipher_suites, key.get());
        })
        .and_then([&](bool tls_1_2) { return set_versions(context, options, tls_1_2); })
        .and_then([&] { return set_curves(context, options.curve_preferences); })
        .and_then([&] { return set_clients(options.client_ca); });
}

Done TlsContext::set_clients(const std::string& ca) {
    if (client_auth_ == ClientAuth::none) {
        return {};
    }
    SSL_CTX* const context = context_.get();
    if (!ca.empty()) {
        const auto certificates = base::read_certificates(ca, "the client CA");
        if (!certificates) {
            return tl::unexpected(certificates.error());
        }
        X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
        for (const auto& certificate : *certificates) {
            // What is in the list is trusted, as in Go, whether it signed itself or not.
            if (::X509_STORE_add_cert(store, certificate.get()) != 1 ||
                ::SSL_CTX_add_client_CA(context, certificate.get()) != 1) {
                return tl::unexpected("the client CA can't be used: " + base::openssl_reason());
            }
        }
        ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    }
    ::SSL_CTX_set_verify(context,
                         SSL_VERIFY_PEER | (is_required(client_auth_) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                         nullptr);
    ::SSL_CTX_set_cert_verify_callback(context, check_client, this);
    return {};
}

// In place of OpenSSL's verification, which it calls where there is one.
int TlsContext::check_client(X509_STORE_CTX* chain, void* context) {
    const auto& self = *static_cast<const TlsContext*>(context);
    if (is_verified(self.client_auth_) && ::X509_verify_cert(chain) != 1) {
        return 0;
    }
    if (self.allowed_names_.empty()) {
        return 1;
    }
    const auto names = alternative_names(::X509_STORE_CTX_get0_cert(chain));
    const bool allowed = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return self.allowed_names_.find(name) != self.allowed_names_.end();
    });
    if (!allowed) {
        ::X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    }
    return allowed ? 1 : 0;
}

std::unique_ptr<Channel> TlsContext::accept(int socket) const {
    // OpenSSL calls back into this object for as long as the connection lives.
    std::shared_ptr<SSL> ssl(::SSL_new(context_.get()),
                             [self = shared_from_this()](SSL* ended) { ::SSL_free(ended); });
    return std::make_unique<Channel>(socket, std::move(ssl));
}

}  // namespace exporter::http
