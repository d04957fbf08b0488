// Helpers for these tests: a scratch directory, and `load` with its three outcomes.
#pragma once

#include "config/load.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

/// A temporary directory, removed by the destructor.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file and creates its directories. Returns the full path.
    std::string write(const std::string& name, std::string_view content) const;
    [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

/// Valid credentials, for tests of other settings.
[[nodiscard]] Environment keys();
[[nodiscard]] Environment keys_and(const Environment& more);

/// The configuration. If there are mistakes instead, the test fails and prints them.
[[nodiscard]] Config loaded(const std::vector<std::string>& arguments,
                            const Environment& environment = keys());

/// The mistakes. If there are none, the test fails.
[[nodiscard]] std::vector<std::string> mistakes_of(const std::vector<std::string>& arguments,
                                                   const Environment& environment = keys());

}  // namespace exporter::config
