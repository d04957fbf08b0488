// Files read with distrust: whatever a path leads to, reading it neither waits nor takes more memory than the
// caller allows. A named pipe would wait for its writer, /dev/zero never ends, and opening a device can do
// something to it.
#pragma once

#include "base/descriptor.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// What becomes of a path that is a symbolic link. Links above it, among its directories, are always
/// followed.
enum class Links { followed, refused };

struct Ownership {
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;  ///< permission bits
};

/// Who besides `user` may have written a file that the program believes; empty: nobody. Its owner has to be
/// the user or root, and nobody else may write it but one of the user's own groups (in Kubernetes, a volume's
/// files are made writable to `fsGroup`).
[[nodiscard]] std::string others_who_may_write(const Ownership& file, uid_t user,
                                               const std::vector<gid_t>& groups);
/// The same for the user and the groups of this process.
[[nodiscard]] std::string others_who_may_write(const Ownership& file);

/// What a file is that is not a regular one: `a named pipe`.
[[nodiscard]] std::string_view kind_of_file(mode_t mode);

/// Why a file could not be read.
struct FileError {
    enum class Kind {
        missing,     ///< nothing is there
        unreadable,  ///< any other error of the system
        link,        ///< a symbolic link, which was to be refused
        directory,
        irregular,  ///< a named pipe, a socket or a device
        too_long,
    };

    Kind kind = Kind::unreadable;
    std::string system_message;  ///< of `missing` and `unreadable`: `No such file or directory`
    std::size_t longest = 0;     ///< of `too_long`: how many bytes would have been read
};

/// To follow the path: `can't be read: No such file or directory`.
[[nodiscard]] std::string describe(const FileError& error);

/// A regular file, open for reading.
class RegularFile {
  public:
    [[nodiscard]] static tl::expected<RegularFile, FileError> open(const std::filesystem::path& path,
                                                                   Links links = Links::followed);

    [[nodiscard]] const Ownership& ownership() const { return ownership_; }
    /// The whole file, which may be `longest` bytes long. The text lies on the heap and there alone: no other
    /// copy of it, or of part of it, is left in memory.
    [[nodiscard]] tl::expected<std::string, FileError> read(std::size_t longest) const;
    /// The first `size` bytes, or what there is of them.
    [[nodiscard]] tl::expected<std::string, FileError> beginning(std::size_t size) const;

  private:
    RegularFile(Descriptor descriptor, Ownership ownership, std::uint64_t size)
        : descriptor_(std::move(descriptor)), ownership_(ownership), size_(size) {}

    Descriptor descriptor_;
    Ownership ownership_;
    std::uint64_t size_;  ///< when it was opened; 0 for files that the kernel makes up
};

}  // namespace exporter::base
