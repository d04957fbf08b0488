#include "app/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace exporter::app {
namespace {

class OutputFile : public testing::Test {
  protected:
    OutputFile() {
        std::string pattern = (std::filesystem::temp_directory_path() / "exporter-output-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        directory_ = pattern;
    }
    ~OutputFile() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path() const { return directory_ / "out.prom"; }
    [[nodiscard]] std::string content() const {
        std::ifstream file(path());
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] auto files() const {
        return std::distance(std::filesystem::directory_iterator(directory_),
                             std::filesystem::directory_iterator());
    }

  private:
    std::filesystem::path directory_;
};

TEST_F(OutputFile, IsReplacedWhole) {
    ASSERT_TRUE(replace_file(path(), "old and longer\n"));
    ASSERT_TRUE(replace_file(path(), "new\n"));

    EXPECT_EQ(content(), "new\n");
    EXPECT_EQ(files(), 1);
}

TEST_F(OutputFile, CanBeReadByAll) {
    ASSERT_TRUE(replace_file(path(), "x"));

    const auto permissions = std::filesystem::status(path()).permissions();
    EXPECT_NE(permissions & std::filesystem::perms::others_read, std::filesystem::perms::none);
}

TEST_F(OutputFile, AMissingDirectoryIsSaidPlainly) {
    const auto written = replace_file(path() + "/deeper/out.prom", "x");

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), testing::HasSubstr("deeper/out.prom: No such file or directory"));
}

TEST_F(OutputFile, WhatCantBeRenamedLeavesNothingBehind) {
    std::filesystem::create_directory(path());

    EXPECT_FALSE(replace_file(path(), "x"));

    EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace exporter::app
