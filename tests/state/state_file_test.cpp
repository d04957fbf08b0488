#include "state/state_file.h"

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

class StateFile : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return directory_.path("state"); }

    [[nodiscard]] tl::expected<void, std::string> replace(const States& states) const {
        return write_state_file(path(), states, test_key);
    }
    [[nodiscard]] Refusal refusal() const {
        const auto read = read_state_file(path());
        return read ? Refusal{"it was read", true} : read.error();
    }

    const support::ScratchDirectory directory_;
};

TEST_F(StateFile, IsReplacedWhole) {
    const States states = shared({small_state()});
    ASSERT_TRUE(replace(shared({random_state(1, "longer", 100)})));
    ASSERT_TRUE(replace(states));

    EXPECT_EQ(directory_.content("state"), encode(states, test_key));
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, IsPrivateWhateverTheUmask) {
    const mode_t before = ::umask(0);
    ASSERT_TRUE(replace({}));
    ::umask(before);

    EXPECT_EQ(std::filesystem::status(path()).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(StateFile, IsNotWrittenThroughASymbolicLink) {
    const std::string state = encode({}, test_key);
    directory_.write("victim", state);
    std::filesystem::create_symlink(directory_.path("victim"), path());

    const auto replaced = replace(shared({small_state()}));

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(), path() + ": it is a symbolic link");
    EXPECT_EQ(directory_.content("victim"), state);
    EXPECT_TRUE(std::filesystem::is_symlink(path()));
}

TEST_F(StateFile, IsNotWrittenOverAnotherFile) {
    directory_.write("state", "precious");

    const auto replaced = replace({});

    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error(), path() + ": it is not a state file of this program, and is left alone");
    EXPECT_EQ(directory_.content("state"), "precious");
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(StateFile, InADirectoryThatDoesNotExistIsSaidPlainly) {
    const auto replaced = write_state_file(directory_.path("deeper/state"), {}, test_key);

    ASSERT_FALSE(replaced);
    EXPECT_THAT(replaced.error(), HasSubstr("deeper/state: No such file or directory"));
}

TEST_F(StateFile, IsEmptyIfMissing) {
    const auto read = read_state_file(path());

    ASSERT_TRUE(read);
    EXPECT_TRUE(read->states.empty());
}

TEST_F(StateFile, IsReadWhole) {
    const auto state = random_state(1, "a", 10'000);
    ASSERT_TRUE(replace(shared({state})));

    const auto read = read_state_file(path());

    ASSERT_TRUE(read);
    ASSERT_EQ(read->states.size(), 1U);
    EXPECT_TRUE(same(*read->states.front(), state));
}

TEST_F(StateFile, ThatIsASymbolicLinkIsNeitherReadNorReplaced) {
    directory_.write("victim", encode({}, {}));
    std::filesystem::create_symlink(directory_.path("victim"), path());

    EXPECT_EQ(refusal().why, "it is a symbolic link");
    EXPECT_FALSE(refusal().replaceable);
}

TEST_F(StateFile, ThatIsNotRegularIsRefusedAtOnce) {
    std::filesystem::create_directory(path());
    EXPECT_EQ(refusal().why, "it is a directory");
    std::filesystem::remove(path());

    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_THAT(refusal().why, HasSubstr("it is not a regular file"));
    EXPECT_FALSE(refusal().replaceable);
}

TEST_F(StateFile, WhoseReadingFailsIsNotReplaced) {
    const auto read = read_state_file("/proc/self/mem");  // its first page is unreadable

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().why, "it can't be read: Input/output error");
    EXPECT_FALSE(read.error().replaceable);
}

TEST_F(StateFile, ThatEveryUserCanWriteIsRefused) {
    directory_.write("state", encode({}, {}));
    std::filesystem::permissions(path(), perms::owner_all | perms::others_write);

    EXPECT_THAT(refusal().why, HasSubstr("every user can write to it"));
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
