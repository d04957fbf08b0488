#include "base/regular_file.h"

#include "base/descriptor.h"
#include "support/scratch_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>

namespace {

/// Called after the next `fstat`.
std::atomic<void (*)()> after_fstat = nullptr;

}  // namespace

// Replaces the C library's fstat for this whole program.
extern "C" int fstat(int descriptor, struct stat* status) noexcept {
    const int result = ::fstatat(descriptor, "", status, AT_EMPTY_PATH);
    if (const auto act = after_fstat.exchange(nullptr)) {
        act();
    }
    return result;
}

namespace exporter::base {
namespace {

using testing::HasSubstr;

constexpr std::size_t longest = 100;

/// The text, or the error.
std::string outcome(const std::string& path, Links links = Links::followed, Longer longer = Longer::refused) {
    const auto file = read_regular_file(path, longest, links, longer);
    return file ? std::string(file->text.expose()) : file.error();
}

class File : public testing::Test {
  protected:
    const support::ScratchDirectory directory_;
};

TEST_F(File, IsReadWhole) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, longest}) {
        directory_.write("file", std::string(size, 'x'));
        EXPECT_EQ(outcome(directory_.path("file")), std::string(size, 'x'));
    }
}

TEST_F(File, IsRefusedIfTooLong) {
    directory_.write("file", std::string(longest + 1, 'x'));

    EXPECT_EQ(outcome(directory_.path("file")), "is longer than 100 bytes");
}

TEST_F(File, MayGrowWhileBeingRead) {
    static std::string path;
    path = directory_.path("file");
    static constexpr std::size_t pages = 100'000;
    const auto grown_to = [&](void (*grow)()) {
        std::filesystem::remove(path);
        directory_.write("file", "x");
        after_fstat = grow;
        const auto file = read_regular_file(path, pages);
        return file ? std::string(file->text.expose()) : file.error();
    };

    EXPECT_EQ(grown_to([] { std::filesystem::resize_file(path, pages); }),
              "x" + std::string(pages - 1, '\0'));
    EXPECT_EQ(grown_to([] { std::filesystem::resize_file(path, pages + 1); }), "is longer than 100000 bytes");
}

TEST_F(File, InProcIsReadDespiteSizeZero) {
    EXPECT_EQ(outcome("/proc/sys/kernel/ostype"), "Linux\n");
}

TEST_F(File, CanBeCutToItsBeginning) {
    const std::string beginning(longest, 'x');
    directory_.write("file", beginning + std::string(longest, 'y'));

    EXPECT_EQ(outcome(directory_.path("file"), Links::followed, Longer::cut), beginning);
}

TEST_F(File, MustExist) {
    EXPECT_EQ(outcome(directory_.path("file")), "can't be read: No such file or directory");
}

// Opening or reading any of these could block or never end.
TEST_F(File, IsRefusedAtOnceUnlessRegular) {
    const std::string pipe = directory_.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const std::string socket_path = directory_.path("socket");
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);

    for (const std::string& path : {pipe, socket_path, std::string("/dev/zero")}) {
        EXPECT_EQ(outcome(path), "is not a regular file") << path;
    }
    EXPECT_EQ(outcome(directory_.path(".")), "is a directory");
}

TEST_F(File, IsReadThroughSymlinksOnlyIfAllowed) {
    directory_.write("file", "text");
    std::filesystem::create_symlink("file", directory_.path("link"));

    EXPECT_EQ(outcome(directory_.path("link")), "text");
    EXPECT_EQ(outcome(directory_.path("link"), Links::refused), "is a symbolic link");
}

TEST_F(File, ReportsItsMode) {
    directory_.write("file", "text");
    std::filesystem::permissions(directory_.path("file"), std::filesystem::perms{0640});

    EXPECT_EQ(read_regular_file(directory_.path("file"), longest).value().mode, 0640U);
}

struct OwnershipCase {
    std::string name;
    uid_t owner;
    gid_t group;
    mode_t mode;
    std::string who;  ///< expected in the result; empty: nobody else may write
};

class FileOwnership : public testing::TestWithParam<OwnershipCase> {};

TEST_P(FileOwnership, NamesWhoElseCanWriteIt) {
    struct stat file{};
    file.st_uid = GetParam().owner;
    file.st_gid = GetParam().group;
    file.st_mode = S_IFREG | GetParam().mode;

    const std::string who = others_who_may_write(file, 1000, {1000, 2000});

    if (GetParam().who.empty()) {
        EXPECT_EQ(who, "");
    } else {
        EXPECT_THAT(who, HasSubstr(GetParam().who));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Files, FileOwnership,
    testing::Values(OwnershipCase{"Own", 1000, 1000, 0600, ""},
                    OwnershipCase{"OwnThatOthersRead", 1000, 1000, 0644, ""},
                    OwnershipCase{"OfRoot", 0, 0, 0640, ""},
                    OwnershipCase{"OfAKubernetesSecret", 0, 2000, 0440, ""},
                    OwnershipCase{"OfAnotherUser", 1001, 1000, 0600, "belongs to user 1001"},
                    OwnershipCase{"ForEverybody", 1000, 1000, 0602, "every user can write to it"},
                    OwnershipCase{"OfAGroupOfOurs", 1000, 2000, 0660, ""},
                    OwnershipCase{"OfAnotherGroup", 1000, 3000, 0660, "group 3000"},
                    OwnershipCase{"OfRootAndAnotherGroup", 0, 0, 0660, "group 0"}),
    [](const auto& test) { return test.param.name; });

TEST(FileReader, ReadsUpToOneMebibyte) {
    const support::ScratchDirectory directory;
    directory.write("long", std::string(1024 * 1024 + 1, 'x'));
    directory.write("fits", std::string(1024 * 1024, 'x'));
    const FileReader read = file_reader();

    EXPECT_EQ(read(directory.path("fits")).value().text.expose(), std::string(1024 * 1024, 'x'));
    EXPECT_EQ(read(directory.path("long")).error(), "is longer than 1 MiB");
    EXPECT_EQ(read(directory.path("")).error(), "is a directory");
}

}  // namespace
}  // namespace exporter::base
