// The small language of these tests: a scratch directory, and `load` with its three outcomes.
#pragma once

#include "config/load.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

/// A directory of its own, gone at the end.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file (and the directories above it); its whole path.
    std::string write(const std::string& name, std::string_view content) const;
    [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

/// Credentials that are right, so that a test can be about something else.
[[nodiscard]] Environment keys();
[[nodiscard]] Environment keys_and(const Environment& more);

/// The configuration; a failure that prints the mistakes when there is none.
[[nodiscard]] Config loaded(const std::vector<std::string>& arguments,
                            const Environment& environment = keys());

/// The mistakes; a failure when there are none.
[[nodiscard]] std::vector<std::string> mistakes_of(const std::vector<std::string>& arguments,
                                                   const Environment& environment = keys());

}  // namespace exporter::config
