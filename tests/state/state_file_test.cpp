#include "state/state_file.h"

#include "state/codec.h"
#include "state/samples.h"
#include "support/scratch_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace exporter::state {
namespace {

using std::filesystem::perms;
using testing::HasSubstr;

/// As every state file begins.
const std::string head = "datadog_token_exporter state\n";

class StateFile : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return directory_.path("state"); }

    tl::expected<void, std::string> replace(std::string_view content) const {
        StateFileWriter file(path());
        file.append(std::string(head.size(), '?'));
        file.append(content);
        file.overwrite_start(head);
        return file.commit();
    }
    [[nodiscard]] Refusal refusal() const {
        const auto read = read_state_file(path());
        return read ? Refusal{"it was read", true} : read.error();
    }

    const support::ScratchDirectory directory_;
};

TEST_F(StateFile, IsReplacedWhole) {
    ASSERT_TRUE(replace(" old and longer"));
    ASSERT_TRUE(replace(" new"));

    EXPECT_EQ(directory_.content("state"), head + " new");
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
        StateFileWriter file(path());
        file.append("half of the ne");
    }
    EXPECT_EQ(directory_.content("state"), head + " old");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, IsNotWrittenThroughASymbolicLink) {
    const std::string state = encode({}, test_hashes);
    directory_.write("victim", state);
    std::filesystem::create_symlink(directory_.path("victim"), path());

    const auto replaced = replace(" new");

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(), path() + ": it is a symbolic link");
    EXPECT_EQ(directory_.content("victim"), state);
    EXPECT_TRUE(std::filesystem::is_symlink(path()));
}

TEST_F(StateFile, IsNotWrittenOverAnotherFileThatCameMeanwhile) {
    StateFileWriter file(path());
    file.append(encode({}, test_hashes));
    directory_.write("state", "precious");

    const auto replaced = file.commit();

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(), path() + ": it is no state file of this program, and is left alone");
    EXPECT_EQ(directory_.content("state"), "precious");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, InADirectoryThatDoesNotExistIsSaidPlainly) {
    const auto replaced = StateFileWriter(directory_.path("deeper/state")).commit();

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
    EXPECT_EQ(**read, head + std::string(200'000, 'x'));
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

TEST_F(StateFile, WhoseReadingFailsIsNotReplaced) {
    const auto read = read_state_file("/proc/self/mem");  // Nothing can be read from its first page.

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().why, "it can't be read: Input/output error");
    EXPECT_FALSE(read.error().replaceable);
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

}  // namespace
}  // namespace exporter::state
