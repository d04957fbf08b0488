#include "support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace exporter::support {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

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

void add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

}  // namespace

Certificate::Certificate(const std::string& address, int days) : directory_(temporary_directory()) {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const X509Pointer certificate(X509_new(), X509_free);
    require(key && certificate, "key");

    constexpr long day = 24 * 60 * 60;
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10 * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * day);
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    // Issuers are told apart by their names alone.
    const std::string common_name = "exporter test " + address + " " + std::to_string(days);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_subject_alt_name, "IP:" + address);
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");

    const File certificate_pem(std::fopen(certificate_file().c_str(), "w"), std::fclose);
    const File key_pem(std::fopen(key_file().c_str(), "w"), std::fclose);
    require(certificate_pem && key_pem, "files");
    require(PEM_write_X509(certificate_pem.get(), certificate.get()) == 1, "certificate file");
    require(PEM_write_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "key file");
}

Certificate::~Certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

}  // namespace exporter::support
