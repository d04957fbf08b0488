// Reads untrusted files. Whatever the path points to, reading never blocks, and uses no more memory than the
// caller allows. A named pipe would block until it has a writer, /dev/zero never ends, and opening a device
// can have side effects.
#pragma once

#include "base/secret.h"

#include <sys/stat.h>
#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// How to treat a path that is a symbolic link. Links among its parent directories are always followed.
enum class Links { followed, refused };

/// How to treat a file that is longer than allowed.
enum class Longer { refused, cut };

/// Describes a non-regular file, worded to follow its path: `is a directory`.
[[nodiscard]] std::string_view fault_in_kind(mode_t mode);

struct FileText {
    Secret text;
    mode_t mode = 0600;  ///< permission bits
    std::string
        others_may_write{};  ///< who besides this user and root can write to it, as a clause; empty: nobody

    /// Whether all users can read or write the file.
    [[nodiscard]] bool is_open_to_everybody() const { return (mode & (S_IROTH | S_IWOTH)) != 0; }
};

/// Reads a regular file of at most `longest` bytes. The error is worded to follow the path: `can't be read:
/// No such file or directory`, `is a directory`. Leaves no other copy of the text in memory.
[[nodiscard]] tl::expected<FileText, std::string> read_regular_file(const std::filesystem::path& path,
                                                                    std::size_t longest,
                                                                    Links links = Links::followed,
                                                                    Longer longer = Longer::refused);

/// Reads a file from disk or, in tests, from a table. Errors are as in `read_regular_file`.
using FileReader = std::function<tl::expected<FileText, std::string>(const std::string& path)>;

/// Reads regular files of at most 1 MiB.
[[nodiscard]] FileReader file_reader();

/// Who besides `user` may have written a file that the program trusts; empty: nobody. The owner must be
/// `user` or root, and only the user's own groups may have write access (in Kubernetes, `fsGroup` can write
/// to a volume's files).
[[nodiscard]] std::string others_who_may_write(const struct stat& file, uid_t user,
                                               const std::vector<gid_t>& groups);

/// Whether to use a secret file that every user of the machine can read.
enum class WorldReadable { refused, allowed };

/// What is wrong with the mode of a secret file, and how to fix it; worded to follow the path.
[[nodiscard]] std::string open_to_everybody(mode_t mode);

}  // namespace exporter::base
