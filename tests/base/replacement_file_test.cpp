#include "base/replacement_file.h"

#include "support/scratch_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

namespace {

/// Called before the next `rename`.
std::atomic<void (*)()> before_rename = nullptr;

/// False: as for a user who is neither root nor in the group.
std::atomic<bool> group_can_be_given = true;

/// False: as on a file system without O_TMPFILE support (NFS, FUSE).
std::atomic<bool> unnamed_files_exist = true;

}  // namespace

// These replace the C library's functions for this whole program.
extern "C" int fchown(int descriptor, uid_t owner, gid_t group) noexcept {
    if (!group_can_be_given) {
        errno = EPERM;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fchown, descriptor, owner, group));
}

extern "C" int access(const char* path, int mode) noexcept {
    if (!unnamed_files_exist) {
        errno = ENOENT;
        return -1;
    }
    return ::faccessat(AT_FDCWD, path, mode, 0);
}

extern "C" int rename(const char* from, const char* to) noexcept {
    if (const auto act = before_rename.load()) {
        act();
    }
    return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

namespace exporter::base {
namespace {

using testing::HasSubstr;

/// On file systems with and without O_TMPFILE.
class ReplacedFile : public testing::TestWithParam<bool> {
  protected:
    ReplacedFile() { unnamed_files_exist = GetParam(); }
    ~ReplacedFile() override { unnamed_files_exist = true; }

    [[nodiscard]] std::string path() const { return directory_.path("out.prom"); }
    [[nodiscard]] static ReplacementOptions options(Links links = Links::followed, bool keep_mode = true,
                                                    mode_t mode = 0600) {
        return {.links = links, .mode = mode, .keep_mode = keep_mode};
    }
    [[nodiscard]] mode_t mode() const {
        struct stat status{};
        ::lstat(path().c_str(), &status);
        return status.st_mode & 07777U;
    }

    const support::ScratchDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Of, ReplacedFile, testing::Bool(),
                         [](const auto& test) { return test.param ? "NoName" : "ANameOfItsOwn"; });

TEST_P(ReplacedFile, IsReplacedWhole) {
    ASSERT_TRUE(replace_file(path(), "old and longer\n", options()));
    ASSERT_TRUE(replace_file(path(), "new\n", options()));

    EXPECT_EQ(directory_.content("out.prom"), "new\n");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFile, IsUnchangedWithoutACommit) {
    directory_.write("out.prom", "old");
    {
        ReplacementFile file(path(), options());
        file.append("half of the ne");
    }
    EXPECT_EQ(directory_.content("out.prom"), "old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFile, GetsTheGivenModeDespiteTheUmask) {
    for (const mode_t umask : {0000U, 0077U}) {
        const mode_t before = ::umask(umask);
        std::filesystem::remove(path());
        ASSERT_TRUE(replace_file(path(), "x", options(Links::followed, true, 0644)));
        ::umask(before);

        EXPECT_EQ(mode(), 0644U);
    }
}

TEST_P(ReplacedFile, KeepsItsMode) {
    directory_.write("out.prom", "old");
    for (const mode_t of_before : {0600U, 0640U, 0666U}) {
        ASSERT_EQ(::chmod(path().c_str(), of_before), 0);

        ASSERT_TRUE(replace_file(path(), "new", options(Links::followed, true, 0644)));

        EXPECT_EQ(mode(), of_before);
    }
}

TEST_P(ReplacedFile, DropsGroupRightsIfItCannotKeepTheGroup) {
    directory_.write("out.prom", "old");
    for (const auto& [of_before, expected] : {std::pair{0664U, 0604U}, {0640U, 0600U}, {0070U, 0000U}}) {
        ASSERT_EQ(::chmod(path().c_str(), of_before), 0);

        group_can_be_given = false;
        const auto written = replace_file(path(), "new", options());
        group_can_be_given = true;

        ASSERT_TRUE(written);
        EXPECT_EQ(mode(), expected);
    }
}

TEST_P(ReplacedFile, GetsAFixedModeIfRequested) {
    directory_.write("out.prom", "old");
    ASSERT_EQ(::chmod(path().c_str(), 0666), 0);

    ASSERT_TRUE(replace_file(path(), "new", options(Links::followed, false)));

    EXPECT_EQ(mode(), 0600U);
}

TEST_P(ReplacedFile, FollowsSymlinksToItsTarget) {
    std::filesystem::create_directory(directory_.path("elsewhere"));
    directory_.write("elsewhere/target", "old");
    std::filesystem::create_symlink("elsewhere/between", path());
    std::filesystem::create_symlink("target", directory_.path("elsewhere/between"));

    ASSERT_TRUE(replace_file(path(), "new", options()));

    EXPECT_TRUE(std::filesystem::is_symlink(path()));
    EXPECT_TRUE(std::filesystem::is_symlink(directory_.path("elsewhere/between")));
    EXPECT_EQ(directory_.content("elsewhere/target"), "new");
    EXPECT_EQ(directory_.files(), 2);
}

TEST_P(ReplacedFile, IsCreatedThroughADanglingSymlink) {
    std::filesystem::create_symlink("target", path());

    ASSERT_TRUE(replace_file(path(), "new", options()));

    EXPECT_EQ(directory_.content("target"), "new");
    EXPECT_TRUE(std::filesystem::is_symlink(path()));
}

TEST_P(ReplacedFile, DoesNotFollowSymlinksIfRefused) {
    directory_.write("victim", "untouched");
    std::filesystem::create_symlink("victim", path());

    const auto written = replace_file(path(), "new", options(Links::refused));

    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), path() + ": is a symbolic link, and is left alone");
    EXPECT_EQ(directory_.content("victim"), "untouched");
    EXPECT_TRUE(std::filesystem::is_symlink(path()));
}

TEST_P(ReplacedFile, DoesNotFollowAnotherUsersSymlink) {
    directory_.write("victim", "untouched");
    std::filesystem::create_symlink("victim", path());
    if (::lchown(path().c_str(), 4711, 4711) != 0) {
        GTEST_SKIP() << "only root can change a link's owner";
    }

    const auto written = replace_file(path(), "new", options());

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("is a symbolic link of user 4711"));
    EXPECT_EQ(directory_.content("victim"), "untouched");
}

TEST_P(ReplacedFile, FailsOnASymlinkLoop) {
    std::filesystem::create_symlink("out.prom", path());

    const auto written = replace_file(path(), "new", options());

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("Too many levels of symbolic links"));
}

TEST_P(ReplacedFile, CannotBeAFileDescriptor) {
    directory_.write("log", "lines of others\n");
    const Descriptor log(::open(directory_.path("log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));

    const auto written = replace_file("/dev/fd/" + std::to_string(log.get()), "new", options());

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("leads to a file that a process has open, and is left alone"));
    EXPECT_EQ(directory_.content("log"), "lines of others\n");
}

TEST_P(ReplacedFile, MustBeARegularFile) {
    const auto expect_left_alone = [](const std::string& target, mode_t kind, const std::string& name) {
        const auto written = replace_file(target, "new", options());
        ASSERT_FALSE(written) << name;
        EXPECT_EQ(written.error(), target + ": is " + name + ", and is left alone");
        EXPECT_EQ(fault_in_target(target, Links::followed), "is " + name + ", and is left alone");
        struct stat status{};
        ::lstat(target.c_str(), &status);
        EXPECT_EQ(status.st_mode & S_IFMT, kind) << name;
    };
    const std::string pipe = directory_.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    expect_left_alone(pipe, S_IFIFO, "not a regular file");

    const std::string socket_path = directory_.path("socket");
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    expect_left_alone(socket_path, S_IFSOCK, "not a regular file");

    std::filesystem::create_directory(directory_.path("directory"));
    expect_left_alone(directory_.path("directory"), S_IFDIR, "a directory");

    const std::string device = directory_.path("null");  // Tests must not touch /dev/null itself.
    if (::mknod(device.c_str(), S_IFCHR | 0600, 0x103) == 0) {
        expect_left_alone(device, S_IFCHR, "not a regular file");
    }
    EXPECT_GE(directory_.files(), 3);
}

TEST_P(ReplacedFile, MustStillBeRegularAtCommit) {
    ReplacementFile file(path(), options());
    file.append("new");
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);

    const auto written = file.commit();

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("is not a regular file"));
    EXPECT_TRUE(std::filesystem::is_fifo(path()));
}

TEST_P(ReplacedFile, ReplacesAStaleTemporaryFile) {
    directory_.write("victim", "untouched");
    directory_.write("out.prom.new", "half of the ne");
    ASSERT_TRUE(replace_file(path(), "whole", options()));
    EXPECT_EQ(directory_.content("out.prom"), "whole");

    std::filesystem::create_symlink("victim", directory_.path("out.prom.new"));
    ASSERT_TRUE(replace_file(path(), "new", options()));

    EXPECT_EQ(directory_.content("out.prom"), "new");
    EXPECT_EQ(directory_.content("victim"), "untouched");
    EXPECT_EQ(directory_.files(), 2);
}

TEST_P(ReplacedFile, IsNeverAMixtureOfTwoWriters) {
    ReplacementFile one(path(), options());
    one.append("one");
    ReplacementFile other(path(), options());
    other.append("oth");

    const bool one_written = one.commit().has_value();
    other.append("er");
    ASSERT_TRUE(other.commit());

    EXPECT_EQ(one_written, GetParam()) << "unnamed files don't conflict";
    EXPECT_EQ(directory_.content("out.prom"), "other");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFile, IsUnchangedOnAFullDisk) {
    directory_.write("out.prom", "old");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto replaced = replace_file(path(), std::string(2000, 'x'), options());
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, ignored);

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(),
              path() + ": File too large; its directory must exist, be writable and have free space");
    EXPECT_EQ(directory_.content("out.prom"), "old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFile, NeedsAnExistingDirectory) {
    const auto written = replace_file(directory_.path("deeper/out.prom"), "x", options());

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("deeper/out.prom: No such file or directory"));
}

/// These tests end a child process.
using ReplacedFileDeathTest = ReplacedFile;

INSTANTIATE_TEST_SUITE_P(Of, ReplacedFileDeathTest, testing::Bool(),
                         [](const auto& test) { return test.param ? "NoName" : "ANameOfItsOwn"; });

/// Gives another thread time to make a mistake. If it makes none, there is no event to wait for.
void give_time_for_a_mistake() {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

[[noreturn]] void abandon_and_end() {
    ReplacementFile::abandon_all();
    std::_Exit(1);
}

TEST_P(ReplacedFileDeathTest, AbandoningLeavesNoTemporaryFile) {
    directory_.write("out.prom", "old");
    EXPECT_EXIT(
        {
            ReplacementFile file(path(), options());
            file.append("new");
            ReplacementFile other(directory_.path("other.prom"), options());
            abandon_and_end();
        },
        testing::ExitedWithCode(1), "");

    EXPECT_EQ(directory_.content("out.prom"), "old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFileDeathTest, AbandoningWaitsForARenameInProgress) {
    directory_.write("out.prom", "old");
    EXPECT_EXIT(
        {
            before_rename = [] {
                std::thread(abandon_and_end).detach();
                give_time_for_a_mistake();
            };
            (void)replace_file(path(), "new", options());
            ::pause();
        },
        testing::ExitedWithCode(1), "");

    EXPECT_EQ(directory_.content("out.prom"), "new");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_P(ReplacedFileDeathTest, AnAbandonedFileIsNotFinished) {
    directory_.write("out.prom", "old");
    EXPECT_EXIT(
        {
            ReplacementFile file(path(), options());
            file.append("new");
            ReplacementFile::abandon_all();
            std::thread([&] { std::_Exit(file.commit() ? 2 : 3); }).detach();
            give_time_for_a_mistake();
            std::_Exit(1);
        },
        testing::ExitedWithCode(1), "");

    EXPECT_EQ(directory_.content("out.prom"), "old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST(ReplacementFileDeathTest, AFileOfAnotherProcessIsNotRemoved) {
    const support::ScratchDirectory directory;
    EXPECT_EXIT(
        {
            unnamed_files_exist = false;
            ReplacementFile file(directory.path("out.prom"));
            ReplacementFile removed(directory.path("other.prom"));
            std::filesystem::remove(directory.path("out.prom.new"));
            directory.write("out.prom.new", "theirs");
            abandon_and_end();
        },
        testing::ExitedWithCode(1), "");

    EXPECT_EQ(directory.content("out.prom.new"), "theirs");
    EXPECT_EQ(directory.files(), 1);
}

TEST(ReplacementFileDeathTest, AKilledProcessLeavesNoUnnamedFile) {
    const support::ScratchDirectory directory;
    EXPECT_EXIT(
        {
            ReplacementFile file(directory.path("out.prom"));
            file.append("half of the ne");
            ::kill(::getpid(), SIGKILL);
        },
        testing::KilledBySignal(SIGKILL), "");

    EXPECT_EQ(directory.files(), 0);
}

}  // namespace
}  // namespace exporter::base
