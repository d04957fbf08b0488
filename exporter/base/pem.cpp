#include "base/pem.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace exporter::base {

namespace {

/// Reads from the text where it is: OpenSSL makes no copy of it.
std::shared_ptr<BIO> reader_of(std::string_view text) {
    constexpr std::size_t longest = std::numeric_limits<int>::max();
    const auto size = text.size() > longest ? 0 : static_cast<int>(text.size());
    return {::BIO_new_mem_buf(text.data(), size), ::BIO_free};
}

/// In place of OpenSSL's own, which asks at the terminal.
int note_that_a_password_is_needed(char* /*password*/, int /*size*/, int /*writing*/, void* needed) {
    *static_cast<bool*>(needed) = true;
    return -1;
}

/// The line of the first certificate from `position` on.
std::ptrdiff_t line_of_next(std::string_view pem, std::size_t position) {
    constexpr std::array<std::string_view, 3> heads = {"-----BEGIN CERTIFICATE-----",
                                                       "-----BEGIN X509 CERTIFICATE-----",
                                                       "-----BEGIN TRUSTED CERTIFICATE-----"};
    std::size_t next = pem.size();
    for (const std::string_view head : heads) {
        next = std::min(next, pem.find(head, position));
    }
    return 1 + std::count(pem.begin(), pem.begin() + static_cast<std::ptrdiff_t>(next), '\n');
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

tl::expected<Certificates, std::string> read_certificates(const std::string& pem, std::string_view what) {
    ::ERR_clear_error();
    const auto reader = reader_of(pem);
    Certificates certificates;
    std::size_t position = 0;
    // With AUX also those that `openssl x509 -trustout` writes, as OpenSSL's own reading of such files takes
    // them.
    while (X509* const certificate = ::PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)) {
        certificates.emplace_back(certificate, ::X509_free);
        position = pem.size() - ::BIO_ctrl_pending(reader.get());
    }
    if (!was_the_end_of_the_text()) {
        return tl::unexpected(fmt::format("{} can't be read: number {} in it, at line {}, is damaged ({})",
                                          what, certificates.size() + 1, line_of_next(pem, position),
                                          openssl_reason()));
    }
    ::ERR_clear_error();
    if (certificates.empty()) {
        return tl::unexpected(fmt::format(
            "{} can't be read: there is none in PEM form, which begins with -----BEGIN CERTIFICATE-----",
            what));
    }
    return certificates;
}

tl::expected<CertificateFile, std::string> read_certificate_file(const std::string& path,
                                                                 std::string_view what) {
    constexpr std::size_t longest = std::size_t{4} << 20;
    const auto file = RegularFile::open(path);
    if (!file) {
        return tl::unexpected(fmt::format("{} {}", what, describe(file.error())));
    }
    const auto text = file->read(longest);
    if (!text) {
        return tl::unexpected(fmt::format("{} {}", what, describe(text.error())));
    }
    return read_certificates(*text, what).map([&](Certificates certificates) {
        return CertificateFile{std::move(certificates), file->ownership()};
    });
}

tl::expected<std::shared_ptr<EVP_PKEY>, std::string> read_private_key(std::string_view pem) {
    ::ERR_clear_error();
    bool encrypted = false;
    std::shared_ptr<EVP_PKEY> key(
        ::PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, note_that_a_password_is_needed, &encrypted),
        ::EVP_PKEY_free);
    if (key) {
        ::ERR_clear_error();
        return key;
    }
    if (encrypted) {
        ::ERR_clear_error();
        return tl::unexpected<std::string>(
            "the key is encrypted, and there is nobody to ask for its password; "
            "`openssl pkey -in KEY -out PLAIN_KEY` writes it in the clear");
    }
    return tl::unexpected(fmt::format(
        "the key can't be read ({}); PEM is needed, which begins with -----BEGIN PRIVATE KEY-----",
        openssl_reason()));
}

}  // namespace exporter::base
