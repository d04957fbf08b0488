#include "http/tls_client.h"

#include "base/pem.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

namespace {

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

std::vector<std::string> alternative_names(const X509* certificate) {
    const std::shared_ptr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        ::GENERAL_NAMES_free);
    std::vector<std::string> texts;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        texts.push_back(text_of(sk_GENERAL_NAME_value(names.get(), i)));
    }
    return texts;
}

std::optional<std::string> contradiction_in(const TlsOptions& options) {
    if (is_verified(options.client_auth) && options.client_ca.empty()) {
        return "this client_auth_type verifies certificates, so it needs client_ca_file: the CA that signs "
               "the "
               "clients'";
    }
    if (!options.client_ca.empty() && options.client_auth == ClientAuth::none) {
        return "client_ca_file has no use without client_auth_type; RequireAndVerifyClientCert is the usual "
               "one";
    }
    const auto& names = options.client_allowed_sans;
    if (!names.empty() && !is_required(options.client_auth)) {
        return "client_allowed_sans needs a client_auth_type that requires a certificate: "
               "RequireAndVerifyClientCert or RequireAnyClientCert";
    }
    if (std::find(names.begin(), names.end(), "") != names.end()) {
        return "client_allowed_sans has an empty name, which no certificate can have";
    }
    return std::nullopt;
}

}  // namespace

ClientRule::ClientRule(const TlsOptions& options) : auth_(options.client_auth), ca_(options.client_ca) {
    std::transform(options.client_allowed_sans.begin(), options.client_allowed_sans.end(),
                   std::inserter(allowed_names_, allowed_names_.end()), canonical);
}

tl::expected<ClientRule, std::string> ClientRule::make(const TlsOptions& options) {
    if (auto contradiction = contradiction_in(options)) {
        return tl::unexpected(std::move(*contradiction));
    }
    return ClientRule(options);
}

// In place of OpenSSL's verification, which it calls where there is one.
int ClientRule::check(X509_STORE_CTX* chain, void* rule) {
    const auto& self = *static_cast<const ClientRule*>(rule);
    if (is_verified(self.auth_) && ::X509_verify_cert(chain) != 1) {
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

tl::expected<void, std::string> ClientRule::set_on(SSL_CTX* context) {
    if (auth_ == ClientAuth::none) {
        return {};
    }
    if (!ca_.empty()) {
        const auto certificates = base::read_certificates(ca_, "the client CA");
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
    ::SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (is_required(auth_) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    ::SSL_CTX_set_cert_verify_callback(context, check, this);
    return {};
}

}  // namespace exporter::http
