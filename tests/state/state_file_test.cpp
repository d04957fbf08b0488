#include "state/state_file.h"

#include "state/codec.h"
#include "state/scratch_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace exporter::state {
namespace {

using std::filesystem::perms;
using testing::HasSubstr;

class StateFile : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return directory_.path("state"); }

    tl::expected<void, std::string> replace(std::string_view content) const {
        ReplacementFile file(path());
        file.append("????");
        file.append(content);
        file.overwrite_start("head");
        return file.commit();
    }
    [[nodiscard]] Refusal refusal() const {
        const auto read = read_state_file(path());
        return read ? Refusal{"it was read", true} : read.error();
    }

    const ScratchDirectory directory_;
};

TEST_F(StateFile, IsReplacedWhole) {
    ASSERT_TRUE(replace(" old and longer"));
    ASSERT_TRUE(replace(" new"));

    EXPECT_EQ(directory_.content("state"), "head new");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, IsForItsOwnerAloneWhateverTheUmask) {
    const mode_t before = ::umask(0);
    ASSERT_TRUE(replace(""));
    ::umask(before);

    EXPECT_EQ(std::filesystem::status(path()).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(StateFile, StaysAsItIsUntilTheNewOneIsComplete) {
    ASSERT_TRUE(replace(" old"));
    {
        ReplacementFile file(path());
        file.append("half of the ne");
    }
    EXPECT_EQ(directory_.content("state"), "head old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, ReplacesWhatAKilledRunLeftBesideIt) {
    directory_.write("state.new", "half of the ne");

    ASSERT_TRUE(replace(" whole"));

    EXPECT_EQ(directory_.content("state"), "head whole");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, IsNotWrittenThroughASymbolicLink) {
    for (const std::string name : {"state", "state.new"}) {
        directory_.write("victim", "untouched");
        std::filesystem::create_symlink(directory_.path("victim"), directory_.path(name));

        ASSERT_TRUE(replace(" new"));

        EXPECT_EQ(directory_.content("victim"), "untouched") << name;
        EXPECT_FALSE(std::filesystem::is_symlink(path())) << name;
    }
}

TEST_F(StateFile, OnAFullDiskLeavesTheOneBeforeAndSaysWhy) {
    ASSERT_TRUE(replace(" old"));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto replaced = replace(std::string(2000, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, ignored);

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(),
              path() + ": File too large; its directory must exist, be writable and have room");
    EXPECT_EQ(directory_.content("state"), "head old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, InADirectoryThatDoesNotExistIsSaidPlainly) {
    const auto replaced = ReplacementFile(directory_.path("deeper/state")).commit();

    ASSERT_FALSE(replaced);
    EXPECT_THAT(replaced.error(), HasSubstr("deeper/state: No such file or directory"));
}

TEST_F(StateFile, ThatDoesNotExistIsNoneAndNoError) {
    const auto read = read_state_file(path());

    ASSERT_TRUE(read);
    EXPECT_FALSE(read->has_value());
}

TEST_F(StateFile, IsReadWhole) {
    ASSERT_TRUE(replace(std::string(200'000, 'x')));

    const auto read = read_state_file(path());

    ASSERT_TRUE(read);
    EXPECT_EQ(**read, "head" + std::string(200'000, 'x'));
}

TEST_F(StateFile, ThatIsASymbolicLinkIsNeitherReadNorReplaced) {
    directory_.write("victim", encode({}, {}));
    std::filesystem::create_symlink(directory_.path("victim"), path());

    EXPECT_EQ(refusal().why, "it is a symbolic link");
    EXPECT_FALSE(refusal().replaceable);
}

TEST_F(StateFile, ThatIsNoFileIsNeitherReadNorWaitedFor) {
    std::filesystem::create_directory(path());
    EXPECT_EQ(refusal().why, "it is no regular file");
    std::filesystem::remove(path());

    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_EQ(refusal().why, "it is no regular file");
    EXPECT_FALSE(refusal().replaceable);
}

TEST_F(StateFile, ThatEveryUserCanWriteIsRefused) {
    directory_.write("state", encode({}, {}));
    std::filesystem::permissions(path(), perms::owner_all | perms::others_write);

    EXPECT_THAT(refusal().why, HasSubstr("every user can write it"));
    EXPECT_TRUE(refusal().replaceable);
}

TEST_F(StateFile, ThatIsTooLongIsRefused) {
    directory_.write("state", "datadog_token_exporter state\n");
    std::filesystem::resize_file(path(), max_file_size + 1);

    EXPECT_EQ(refusal().why, "it is longer than 256 MiB");
    EXPECT_TRUE(refusal().replaceable);
}

struct OwnershipCase {
    std::string name;
    Ownership file;
    std::string who;  ///< empty: nobody else
};

class StateFileOwnership : public testing::TestWithParam<OwnershipCase> {};

TEST_P(StateFileOwnership, TellsWhoElseMayHaveWrittenIt) {
    const std::string who = others_who_may_write(GetParam().file, 1000, {1000, 2000});

    if (GetParam().who.empty()) {
        EXPECT_EQ(who, "");
    } else {
        EXPECT_THAT(who, HasSubstr(GetParam().who));
    }
}

INSTANTIATE_TEST_SUITE_P(
    State, StateFileOwnership,
    testing::Values(OwnershipCase{"Own", {1000, 1000, 0600}, ""},
                    OwnershipCase{"OwnThatOthersRead", {1000, 1000, 0644}, ""},
                    OwnershipCase{"OfRoot", {0, 0, 0640}, ""},
                    OwnershipCase{"OfAnotherUser", {1001, 1000, 0600}, "belongs to user 1001"},
                    OwnershipCase{"ForEverybody", {1000, 1000, 0602}, "every user can write it"},
                    OwnershipCase{"OfAGroupOfOurs", {1000, 2000, 0660}, ""},
                    OwnershipCase{"OfAnotherGroup", {1000, 3000, 0660}, "group 3000"},
                    OwnershipCase{"OfRootAndAnotherGroup", {0, 0, 0660}, "group 0"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace exporter::state
