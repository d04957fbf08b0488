#include "base/regular_file.h"

#include "support/scratch_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <map>

namespace exporter::base {
namespace {

using testing::HasSubstr;
using Kind = FileError::Kind;

constexpr std::size_t longest = 100;

const char* name_of(Kind kind) {
    static const std::map<Kind, const char*> names = {
        {Kind::missing, "missing"},     {Kind::unreadable, "unreadable"}, {Kind::link, "link"},
        {Kind::directory, "directory"}, {Kind::irregular, "irregular"},   {Kind::too_long, "too_long"}};
    return names.at(kind);
}

/// The text, or the name of what went wrong.
std::string outcome(const std::string& path, Links links = Links::followed) {
    const auto text =
        RegularFile::open(path, links).and_then([](const RegularFile& file) { return file.read(longest); });
    return text ? *text : name_of(text.error().kind);
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

TEST_F(File, OfMoreThanTheLongestIsRefused) {
    directory_.write("file", std::string(longest + 1, 'x'));

    EXPECT_EQ(outcome(directory_.path("file")), "too_long");
}

TEST_F(File, ThatGrowsWhileItIsReadIsReadToItsEnd) {
    directory_.write("file", "x");
    const auto file = RegularFile::open(directory_.path("file"));
    ASSERT_TRUE(file);

    directory_.write("file", std::string(longest, 'y'));
    EXPECT_EQ(file->read(longest).value(), std::string(longest, 'y'));

    directory_.write("file", std::string(longest + 1, 'y'));
    EXPECT_EQ(file->read(longest).error().kind, Kind::too_long);
}

TEST_F(File, OfTheKernelsMakingHasNoSizeAndIsReadAllTheSame) {
    EXPECT_THAT(outcome("/proc/self/comm"), HasSubstr("test_base"));
}

TEST_F(File, GivesItsBeginningHoweverLongItIs) {
    directory_.write("file", "head" + std::string(2 * longest, 'x'));
    const auto file = RegularFile::open(directory_.path("file"));

    ASSERT_TRUE(file);
    EXPECT_EQ(file->beginning(4).value(), "head");
}

TEST_F(File, ThatIsNotThereIsMissing) {
    EXPECT_EQ(outcome(directory_.path("file")), "missing");
    EXPECT_EQ(RegularFile::open(directory_.path("file")).error().system_message, "No such file or directory");
}

// Each of them would make reading wait, or never end.
TEST_F(File, ThatIsNotARegularOneIsRefusedWithoutWaiting) {
    const std::string pipe = directory_.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const std::string socket_path = directory_.path("socket");
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);

    for (const std::string& path : {pipe, socket_path, std::string("/dev/zero")}) {
        EXPECT_EQ(outcome(path), "irregular") << path;
    }
    EXPECT_EQ(outcome(directory_.path(".")), "directory");
}

TEST_F(File, BehindALinkIsReadOnlyWhereLinksAreFollowed) {
    directory_.write("file", "text");
    std::filesystem::create_symlink("file", directory_.path("link"));

    EXPECT_EQ(outcome(directory_.path("link")), "text");
    EXPECT_EQ(outcome(directory_.path("link"), Links::refused), "link");
}

TEST_F(File, TellsItsMode) {
    directory_.write("file", "text");
    std::filesystem::permissions(directory_.path("file"), std::filesystem::perms{0640});

    EXPECT_EQ(RegularFile::open(directory_.path("file")).value().ownership().mode, 0640U);
}

struct OwnershipCase {
    std::string name;
    Ownership file;
    std::string who;  ///< empty: nobody else
};

class FileOwnership : public testing::TestWithParam<OwnershipCase> {};

TEST_P(FileOwnership, TellsWhoElseMayHaveWrittenIt) {
    const std::string who = others_who_may_write(GetParam().file, 1000, {1000, 2000});

    if (GetParam().who.empty()) {
        EXPECT_EQ(who, "");
    } else {
        EXPECT_THAT(who, HasSubstr(GetParam().who));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Files, FileOwnership,
    testing::Values(OwnershipCase{"Own", {1000, 1000, 0600}, ""},
                    OwnershipCase{"OwnThatOthersRead", {1000, 1000, 0644}, ""},
                    OwnershipCase{"OfRoot", {0, 0, 0640}, ""},
                    OwnershipCase{"OfAKubernetesSecret", {0, 2000, 0440}, ""},
                    OwnershipCase{"OfAnotherUser", {1001, 1000, 0600}, "belongs to user 1001"},
                    OwnershipCase{"ForEverybody", {1000, 1000, 0602}, "every user can write it"},
                    OwnershipCase{"OfAGroupOfOurs", {1000, 2000, 0660}, ""},
                    OwnershipCase{"OfAnotherGroup", {1000, 3000, 0660}, "group 3000"},
                    OwnershipCase{"OfRootAndAnotherGroup", {0, 0, 0660}, "group 0"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::base
