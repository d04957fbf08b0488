#include "base/file_text.h"

#include "support/scratch_directory.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::base {
namespace {

TEST(FileReader, ReadsRegularFilesAndSaysWhatIsWrongWithOthers) {
    const support::ScratchDirectory directory;
    directory.write("a", "text");
    directory.write("long", std::string(1024 * 1024 + 1, 'x'));
    directory.write("fits", std::string(1024 * 1024, 'x'));
    const FileReader read = file_reader();
    const auto file = read(directory.path("a"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->text.expose(), "text");
    EXPECT_EQ(read(directory.path("none")).error(), "can't be read: No such file or directory");
    EXPECT_EQ(read(directory.path("")).error(), "is a directory");
    EXPECT_EQ(read("/dev/null").error(),
              "is not a regular file, and could not be read again when it changes");
    EXPECT_EQ(read(directory.path("long")).error(), "is longer than 1 MiB");
    EXPECT_TRUE(read(directory.path("fits")));
}

}  // namespace
}  // namespace exporter::base
