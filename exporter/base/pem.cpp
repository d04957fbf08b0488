#include "base/pem.h"

#include "base/regular_file.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstddef>
#include <limits>
#include <utility>

namespace exporter::base {

namespace {

/// Reads the text in place, without copying it.
std::shared_ptr<BIO> reader_of(std::string_view text) {
    constexpr std::size_t longest = std::numeric_limits<int>::max();
    const auto size = text.size() > longest ? 0 : static_cast<int>(text.size());
    return {::BIO_new_mem_buf(text.data(), size), ::BIO_free};
}

/// Replaces OpenSSL's password callback, which prompts on the terminal.
int know_no_password(char* /*password*/, int /*size*/, int /*writing*/, void* /*unused*/) {
    return -1;
}

bool was_the_end_of_the_text() {
    const unsigned long error = ::ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

std::string openssl_reason() {
    const unsigned long error = ::ERR_peek_error();
    const char* const words = ::ERR_reason_error_string(error);
    ::ERR_clear_error();
    return words != nullptr ? words : "no reason given";
}

tl::expected<Certificates, std::string> read_certificates(std::string_view pem, std::string_view what) {
    ::ERR_clear_error();
    const auto reader = reader_of(pem);
    Certificates certificates;
    // AUX also accepts the output of `openssl x509 -trustout`, like OpenSSL's own file loader.
    while (X509* const certificate = ::PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)) {
        certificates.emplace_back(certificate, ::X509_free);
    }
    if (!was_the_end_of_the_text()) {
        return tl::unexpected(fmt::format("{} can't be read: certificate {} in it is damaged ({})", what,
                                          certificates.size() + 1, openssl_reason()));
    }
    ::ERR_clear_error();
    if (certificates.empty()) {
        return tl::unexpected(
            fmt::format("{} can't be read: it holds no certificate in PEM form, which begins with -----BEGIN "
                        "CERTIFICATE-----",
                        what));
    }
    return certificates;
}

tl::expected<CertificateFile, std::string> read_certificate_file(const std::string& path,
                                                                 std::string_view what) {
    constexpr std::size_t longest = std::size_t{4} << 20;
    const auto file = read_regular_file(path, longest);
    if (!file) {
        return tl::unexpected(fmt::format("{} {}", what, file.error()));
    }
    return read_certificates(file->text.expose(), what).map([&](Certificates certificates) {
        return CertificateFile{std::move(certificates), file->others_may_write};
    });
}

tl::expected<std::shared_ptr<EVP_PKEY>, std::string> read_private_key(std::string_view pem) {
    ::ERR_clear_error();
    std::shared_ptr<EVP_PKEY> key(
        ::PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, know_no_password, nullptr), ::EVP_PKEY_free);
    if (!key) {
        return tl::unexpected(
            fmt::format("the key can't be read ({}); it must be PEM, which begins with -----BEGIN PRIVATE "
                        "KEY-----, without a password: openssl pkey -in KEY -out PLAIN_KEY",
                        openssl_reason()));
    }
    ::ERR_clear_error();
    return key;
}

}  // namespace exporter::base
