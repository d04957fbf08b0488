#include "config/credentials.h"

#include "config/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

namespace exporter::config {
namespace {

TEST(SecretText, LosesItsTrailingLineEnds) {
    for (const std::string end : {"", "\n", "\r\n", "\n\n"}) {
        const auto secret = parse_secret(KeyKind::api_key, "abc" + end);
        ASSERT_TRUE(secret) << secret.error();
        EXPECT_EQ(secret->expose(), "abc");
    }
}

struct Refusal {
    std::string name;
    std::string text;
    std::string reason;
};

TEST(SecretText, IsRefusedWithoutBeingQuoted) {
    const std::vector<Refusal> cases = {
        {"empty", "", "is empty"},
        {"only a line end", "\n", "is empty"},
        {"two lines", "needle\nneedle", "more than one line"},
        {"carriage return inside", "needle\rneedle", "more than one line"},
        {"tab", "needle\tneedle", "no key has"},
        {"space", "needle needle", "no key has"},
        {"zero byte", std::string("needle\0needle", 13), "no key has"},
        {"byte order mark inside", "needle\xef\xbb\xbfneedle", "no key has"},
        {"too long", "needle" + std::string(4091, 'x'), "longer than 4096 bytes"},
    };
    for (const Refusal& c : cases) {
        const auto secret = parse_secret(KeyKind::api_key, c.text);
        ASSERT_FALSE(secret) << c.name;
        EXPECT_NE(secret.error().find(c.reason), std::string::npos) << c.name << ": " << secret.error();
        EXPECT_EQ(secret.error().find("needle"), std::string::npos) << secret.error();
    }
}

TEST(SecretText, MayHave4096Bytes) {
    EXPECT_TRUE(parse_secret(KeyKind::api_key, std::string(4095, 'x') + "y"));
}

TEST(SecretFile, MayEndInANewline) {
    const ScratchDirectory directory;
    const auto short_secret = read_secret_file(KeyKind::bearer_token, directory.write("short", "abc\r\n"));
    ASSERT_TRUE(short_secret) << short_secret.error();
    EXPECT_EQ(short_secret->expose(), "abc");
    EXPECT_TRUE(read_secret_file(KeyKind::bearer_token,
                                 directory.write("longest", std::string(4095, 'x') + "y\r\n")));
}

TEST(SecretFile, MayBeASymbolicLink) {
    const ScratchDirectory directory;
    directory.write("..data/key", "abc");
    std::filesystem::create_symlink("..data/key", directory.at("key"));
    EXPECT_TRUE(read_secret_file(KeyKind::bearer_token, directory.at("key")));
}

TEST(SecretFile, IsRefusedWithPathAndReason) {
    const ScratchDirectory directory;
    directory.write("empty", "");
    directory.write("lines", "one\ntwo\n");
    directory.write("long", std::string(5000, 'x'));
    std::filesystem::create_directory(directory.at("directory"));
    ASSERT_EQ(mkfifo(directory.at("pipe").c_str(), 0600), 0);
    const std::vector<Refusal> cases = {
        {"missing", "", "can't be read: No such file or directory"},
        {"directory", "", "is a directory"},
        {"pipe", "", "is not a regular file"},
        {"empty", "", "is empty"},
        {"lines", "", "more than one line"},
        {"long", "", "longer than 4098 bytes"},
    };
    for (const Refusal& c : cases) {
        const auto secret = read_secret_file(KeyKind::bearer_token, directory.at(c.name));
        ASSERT_FALSE(secret) << c.name;
        EXPECT_EQ(secret.error().find(directory.at(c.name) + ": "), 0U) << secret.error();
        EXPECT_NE(secret.error().find(c.reason), std::string::npos) << secret.error();
        EXPECT_EQ(secret.error().find('\n'), std::string::npos) << secret.error();
    }
}

TEST(SecretFile, HidesAPathThatIsAKey) {
    for (const std::string key : {"0123456789abcdef0123456789abcdef", "ddpat_abc_def"}) {
        const auto secret = read_secret_file(KeyKind::bearer_token, "/etc/" + key);
        ASSERT_FALSE(secret);
        EXPECT_EQ(secret.error().find(key), std::string::npos) << secret.error();
        EXPECT_NE(secret.error().find("looks like a key"), std::string::npos) << secret.error();
    }
}

TEST(Credentials, AreReadFromAllSourcesEachTime) {
    const ScratchDirectory directory;
    CredentialSources sources;
    sources.api_key = base::Secret(std::string("from-the-environment"));
    sources.app_key = std::filesystem::path(directory.write("app-key", "first\n"));
    const auto first = read_credentials(sources);
    ASSERT_TRUE(first) << first.error();
    EXPECT_EQ(first->api_key->expose(), "from-the-environment");
    EXPECT_EQ(first->app_key->expose(), "first");
    EXPECT_FALSE(first->bearer_token);

    directory.write("app-key", "rotated\n");
    const auto second = read_credentials(sources);
    ASSERT_TRUE(second) << second.error();
    EXPECT_EQ(second->app_key->expose(), "rotated");
}

TEST(Credentials, FailWithTheFirstSourceThatCannotBeRead) {
    CredentialSources sources;
    sources.app_key = std::filesystem::path("/nowhere/app-key");
    sources.bearer_token = std::filesystem::path("/nowhere/token");
    const auto credentials = read_credentials(sources);
    ASSERT_FALSE(credentials);
    EXPECT_EQ(credentials.error(), "/nowhere/app-key: can't be read: No such file or directory");
}

TEST(SecretFile, MustNotBeWorldAccessibleUnlessAllowed) {
    const ScratchDirectory directory;
    const std::filesystem::path path = directory.write("key", "a-secret");
    using std::filesystem::perms;
    for (const perms extra : {perms::others_read, perms::others_write}) {
        std::filesystem::permissions(path, perms::owner_read | perms::group_read | extra);

        const auto refused = read_secret_file(KeyKind::bearer_token, path);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error(), ::testing::HasSubstr("every user of this machine can read or write it"));
        EXPECT_THAT(refused.error(), ::testing::HasSubstr("--datadog.allow-world-readable-secrets"));
        EXPECT_TRUE(read_secret_file(KeyKind::bearer_token, path, base::WorldReadable::allowed));
    }
    std::filesystem::permissions(path, perms::owner_read | perms::group_read);
    EXPECT_TRUE(read_secret_file(KeyKind::bearer_token, path));
}

}  // namespace
}  // namespace exporter::config
