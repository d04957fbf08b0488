// How a reload detects changed files and reads them, without the rest of the program.
#include "app/reload.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace exporter::app {
namespace {

/// A fake disk with a few files.
class WatchedFiles : public testing::Test {
  protected:
    [[nodiscard]] FileWatch watch() {
        return FileWatch([this](const std::string& path) -> tl::expected<base::FileText, std::string> {
            const auto file = files_.find(path);
            if (file == files_.end()) {
                return tl::unexpected(std::string("can't be read"));
            }
            return base::FileText{.text = base::Secret(file->second)};
        });
    }

    std::map<std::string, std::string> files_ = {{"config.yaml", "poll: {interval: 5m}"}, {"roots.pem", "A"}};
    const std::vector<std::filesystem::path> paths_ = {"config.yaml", "roots.pem"};
};

TEST_F(WatchedFiles, ChangeOnceTwoChecksAgree) {
    FileWatch watched = watch();
    watched.take_up(paths_);

    EXPECT_FALSE(watched.have_changed(paths_));
    files_["config.yaml"] = "poll: {inter";
    EXPECT_FALSE(watched.have_changed(paths_));
    files_["config.yaml"] = "poll: {interval: 1m}";
    EXPECT_FALSE(watched.have_changed(paths_));
    EXPECT_TRUE(watched.have_changed(paths_));
    EXPECT_FALSE(watched.have_changed(paths_)) << "the same change again";
}

TEST_F(WatchedFiles, HaveNotChangedIfReverted) {
    FileWatch watched = watch();
    watched.take_up(paths_);
    files_["roots.pem"] = "B";
    ASSERT_FALSE(watched.have_changed(paths_));
    files_["roots.pem"] = "A";

    EXPECT_FALSE(watched.have_changed(paths_));
    EXPECT_FALSE(watched.have_changed(paths_));
}

TEST_F(WatchedFiles, HaveChangedWhenOneGoesOrComes) {
    FileWatch watched = watch();
    watched.take_up(paths_);

    files_.erase("roots.pem");
    EXPECT_FALSE(watched.have_changed(paths_));
    EXPECT_TRUE(watched.have_changed(paths_));
    files_["roots.pem"] = "A";
    EXPECT_FALSE(watched.have_changed(paths_));
    EXPECT_TRUE(watched.have_changed(paths_));
}

TEST_F(WatchedFiles, HaveNotChangedOnceTakenUp) {
    FileWatch watched = watch();
    watched.take_up(paths_);
    files_["config.yaml"] = "poll: {interval: 1m}";

    watched.take_up(paths_);

    EXPECT_FALSE(watched.have_changed(paths_));
    EXPECT_FALSE(watched.have_changed(paths_));
}

}  // namespace
}  // namespace exporter::app
