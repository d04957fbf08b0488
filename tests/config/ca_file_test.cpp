#include "config/fixture.h"
#include "support/certificate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace exporter::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CaFile : public testing::Test {
  protected:
    [[nodiscard]] std::string write(const std::string& text) const {
        return "--datadog.ca-file=" + directory_.write("ca.pem", text);
    }
    /// Expects exactly one mistake: `what` is wrong with the file.
    void expect_mistake(const std::string& argument, const std::string& what) const {
        EXPECT_THAT(mistakes_of({argument}),
                    ElementsAre(fmt::format("--datadog.ca-file: \"{}\" {}", path_, what)));
    }

    const ScratchDirectory directory_;
    const std::string path_ = directory_.at("ca.pem");
    const std::string one_ = support::Authority("one").certificate();
    const std::string other_ = support::Authority("other").certificate();
};

TEST_F(CaFile, MayHoldCertificatesAndComments) {
    EXPECT_EQ(loaded({write("# One\n" + one_ + "\n# Other\n" + other_)}).ca_file, path_);
}

// One valid certificate in the file is not enough: with a damaged one every poll would fail.
TEST_F(CaFile, ErrorNamesTheDamagedCertificate) {
    std::string damaged = other_;
    damaged[damaged.size() / 2] = '!';

    expect_mistake(write("# One\n" + one_ + "\n# Other\n" + damaged + one_),
                   "can't be read: certificate 2 in it is damaged (bad base64 decode)");
}

TEST_F(CaFile, MustNotBeTruncated) {
    expect_mistake(write(one_ + other_.substr(0, other_.size() / 2)),
                   "can't be read: certificate 2 in it is damaged (bad end line)");
}

TEST_F(CaFile, WithoutACertificateIsAMistake) {
    expect_mistake(
        write("# none yet\n"),
        "can't be read: it holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----");
}

TEST_F(CaFile, IsRefusedUnreadIfHuge) {
    const std::string argument = write(one_);
    std::filesystem::resize_file(path_, std::uintmax_t{1} << 40);  // The file is sparse.

    expect_mistake(argument, "is longer than 4 MiB");
}

TEST(ConfiguredFile, IsRefusedAtOnceUnlessRegular) {
    const ScratchDirectory directory;
    const std::string pipe = directory.at("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const std::string flag :
         {"--datadog.ca-file=", "--config.file=", "--web.config.file=", "--datadog.bearer-token-file="}) {
        for (const std::string& path : {pipe, std::string("/dev/zero")}) {
            const Environment environment = flag.find("bearer") == std::string::npos ? keys() : Environment{};
            EXPECT_THAT(mistakes_of({flag + path}, environment),
                        ElementsAre(testing::HasSubstr("is not a regular file")))
                << flag << path;
        }
    }
}

/// A file that other users may be able to write.
class FileThatOthersMayWrite : public testing::Test {
  protected:
    [[nodiscard]] std::vector<std::string> warnings(const std::string& flag, const std::string& text,
                                                    unsigned mode) const {
        directory_.write("file", text);
        std::filesystem::permissions(path_, std::filesystem::perms{mode});
        return loaded({flag + path_}).warnings;
    }

    const ScratchDirectory directory_;
    const std::string path_ = directory_.at("file");
    const std::string who_ = "every user can write to it; remove that with chmod o-w";
};

TEST_F(FileThatOthersMayWrite, GetsAWarningAsConfigFile) {
    EXPECT_THAT(warnings("--config.file=", "poll: {interval: 10m}\n", 0644), IsEmpty());
    EXPECT_THAT(warnings("--config.file=", "poll: {interval: 10m}\n", 0646),
                ElementsAre(path_ + ": others can decide where the credentials go: " + who_));
}

TEST_F(FileThatOthersMayWrite, GetsAWarningAsCaFile) {
    const std::string certificate = support::Authority("one").certificate();
    EXPECT_THAT(warnings("--datadog.ca-file=", certificate, 0644), IsEmpty());
    EXPECT_THAT(warnings("--datadog.ca-file=", certificate, 0646),
                ElementsAre("--datadog.ca-file: \"" + path_ +
                            "\": others can decide where the credentials are sent: " + who_));
}

}  // namespace
}  // namespace exporter::config
