// Small files as a whole: configurations, secrets, keys and certificates.
#pragma once

#include "base/regular_file.h"
#include "base/secret.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace exporter::base {

struct FileText {
    Secret text;
    unsigned mode = 0600;            ///< permission bits
    std::string others_may_write{};  ///< who besides this user and root, as a clause; empty: nobody

    [[nodiscard]] bool is_open_to_everybody() const;  ///< whether all users can read or write the file
};

/// Reads a regular file (or what a link leads to) of at most `longest` bytes. Never waits: a named pipe is
/// an error. Leaves no other copy of the text in memory.
[[nodiscard]] tl::expected<FileText, FileError> read_regular_file(const std::filesystem::path& path,
                                                                  std::size_t longest);

/// Whether a secret file that every user of the machine can read is used.
enum class WorldReadable { refused, allowed };

/// What is wrong with a secret file of this mode, and what would help; for a message behind the path.
[[nodiscard]] std::string open_to_everybody(unsigned mode);

/// How whoever needs a file's text gets it; another one in tests. The error says why not, without the path:
/// `can't be read: No such file or directory`.
using FileReader = std::function<tl::expected<FileText, std::string>(const std::string& path)>;

/// Reads regular files of at most 1 MiB.
[[nodiscard]] FileReader file_reader();

}  // namespace exporter::base
