#include "base/pem.h"

#include "support/certificate.h"
#include "support/scratch_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::base {
namespace {

/// The number of certificates, or the error.
std::string outcome(const std::string& pem) {
    const auto read = read_certificates(pem, "the bundle");
    return read ? std::to_string(read->size()) : read.error();
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

struct PemCase {
    const char* name;
    std::string pem;
    std::string outcome;
};

class PemText : public testing::TestWithParam<PemCase> {};

TEST_P(PemText, YieldsAllCertificatesOrNamesTheDamagedOne) {
    EXPECT_EQ(outcome(GetParam().pem), GetParam().outcome);
}

const std::string key = support::Authority("signer").issue({}).key;
/// About eight lines of base64 between the BEGIN and END lines.
const std::string one = support::Authority("one").certificate();
const std::string begin = "-----BEGIN CERTIFICATE-----\n";
const std::string end = "-----END CERTIFICATE-----\n";
const std::string none =
    "the bundle can't be read: it holds no certificate in PEM form, which begins with -----BEGIN "
    "CERTIFICATE-----";

INSTANTIATE_TEST_SUITE_P(
    Texts, PemText,
    testing::Values(PemCase{"Empty", "", none}, PemCase{"Comments", "# none yet\n", none},
                    PemCase{"KeyAlone", key, none}, PemCase{"One", one, "1"},
                    PemCase{"TheSameTwice", one + one, "2"},
                    PemCase{"WithoutItsLastLineEnd", one.substr(0, one.size() - 1), "1"},
                    PemCase{"WithCommentsAndAKeyBetween",
                            "# a\n" + one + "\n# b\n" + key + "\n" + one + "\n# c\n", "2"},
                    PemCase{"WithLineEndsOfWindows", replaced(one + one, "\n", "\r\n"), "2"},
                    PemCase{"ByItsOldName", replaced(one, "CERTIFICATE", "X509 CERTIFICATE"), "1"},
                    PemCase{"Trusted", replaced(one, "CERTIFICATE", "TRUSTED CERTIFICATE"), "1"},
                    PemCase{"NoBase64", begin + "!\n" + end,
                            "the bundle can't be read: certificate 1 in it is damaged (bad base64 decode)"},
                    PemCase{"NoCertificateInside", "# a comment\n\n" + begin + "AAAA\n" + end + one,
                            "the bundle can't be read: certificate 1 in it is damaged (wrong tag)"},
                    PemCase{"DamagedBehindAKey", key + "\n\n" + begin + "!\n" + end,
                            "the bundle can't be read: certificate 1 in it is damaged (bad base64 decode)"},
                    PemCase{"Cut", begin + "AAAA\n",
                            "the bundle can't be read: certificate 1 in it is damaged (bad end line)"}),
    [](const auto& test) { return test.param.name; });

TEST(CertificateFile, IsReadWithItsOwner) {
    const support::ScratchDirectory directory;
    directory.write("ca.pem", one);

    const auto file = read_certificate_file(directory.path("ca.pem"), "the file");

    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(file->certificates.size(), 1U);
    EXPECT_EQ(file->others_may_write, "");
}

TEST(CertificateFile, MustBeARegularFile) {
    EXPECT_EQ(read_certificate_file("/dev/zero", "the file").error(), "the file is not a regular file");
}

}  // namespace
}  // namespace exporter::base
