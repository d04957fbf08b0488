#include "support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace exporter::support {

namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using X509Pointer = std::shared_ptr<X509>;

void require(bool done, const char* what) {
    if (!done) {
        throw std::runtime_error(what);
    }
}

std::string temporary_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "exporter-certificate-XXXXXX").string();
    require(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    return pattern;
}

Key new_key(KeyKind kind) {
    Key key(kind == KeyKind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free);
    require(key != nullptr, "key");
    return key;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

/// Self-issued, not yet signed.
X509Pointer new_certificate(const Key& key, const std::string& common_name, int days) {
    X509Pointer certificate(X509_new(), X509_free);
    require(certificate != nullptr, "certificate");
    constexpr long day = 24 * 60 * 60;
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10 * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * day);
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    return certificate;
}

void sign(const X509Pointer& certificate, const Key& key) {
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");
}

std::string text_in(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(const X509Pointer& certificate) {
    const std::shared_ptr<BIO> memory(BIO_new(BIO_s_mem()), BIO_free);
    require(PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "certificate as PEM");
    return text_in(memory.get());
}

std::string pem_of(const Key& key) {
    const std::shared_ptr<BIO> memory(BIO_new(BIO_s_mem()), BIO_free);
    require(PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "key as PEM");
    return text_in(memory.get());
}

void write_file(const std::string& name, const std::string& text) {
    std::ofstream file(name);
    file << text;
    file.close();
    require(file.good(), "file");
}

}  // namespace

struct Authority::Signer {
    Key key;
    X509Pointer certificate;
};

Authority::Authority(const std::string& name) {
    const auto key = new_key(KeyKind::p256);
    const auto certificate = new_certificate(key, name, 1);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(certificate, key);
    signer_ = std::make_shared<Signer>(Signer{key, certificate});
}

std::string Authority::certificate() const {
    return pem_of(signer_->certificate);
}

CertificateText Authority::issue(const std::vector<std::string>& names, int days, KeyKind kind,
                                 const std::string& common_name) const {
    const auto key = new_key(kind);
    const auto certificate = new_certificate(key, common_name, days);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer_->certificate.get()));
    std::string joined;
    for (const auto& name : names) {
        joined += (joined.empty() ? "" : ",") + name;
    }
    if (!names.empty()) {
        add_extension(certificate.get(), NID_subject_alt_name, joined);
    }
    sign(certificate, signer_->key);
    return {pem_of(certificate), pem_of(key)};
}

Certificate::Certificate(const std::string& address, int days) : directory_(temporary_directory()) {
    const auto key = new_key(KeyKind::p256);
    // OpenSSL looks up issuers by name alone, so each certificate gets a different one.
    const auto certificate =
        new_certificate(key, "exporter test " + address + " " + std::to_string(days), days);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_subject_alt_name, "IP:" + address);
    sign(certificate, key);
    write_file(certificate_file(), pem_of(certificate));
    write_file(key_file(), pem_of(key));
}

Certificate::~Certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

}  // namespace exporter::support
