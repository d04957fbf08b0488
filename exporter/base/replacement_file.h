// Replaces files atomically. This program replaces files only in this way.
//
// A reader of the path sees either the old file or the new one, never a partial file. Anything but a regular
// file is left alone. No unfinished file is left behind, unless O_TMPFILE is unsupported and the process is
// killed by SIGKILL or crashes, or removing the file hangs.
#pragma once

#include "base/descriptor.h"
#include "base/regular_file.h"

#include <sys/stat.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::base {

/// Why nothing can be written to a path, worded to follow it: `is a directory, …`. Empty: it is a regular
/// file, or nothing is there.
[[nodiscard]] std::string fault_in_target(const std::string& path, Links links);

struct ReplacementOptions {
    Links links = Links::refused;  ///< `followed`: replaces the link's target and keeps the link
    mode_t mode = 0600;            ///< permission bits, regardless of the umask
    /// The new file takes over the replaced file's mode, owner and group. If it can't keep the group, it gets
    /// no group permissions.
    bool keep_mode = false;
};

/// A new file that replaces `path` when committed, and is deleted otherwise.
///
/// While it is being written, it has no name if the file system supports that (`O_TMPFILE`), so a killed
/// process leaves nothing behind. It is named `<path>.new` just before the rename, or from the start on other
/// file systems (NFS, FUSE). If a killed process left a `<path>.new` behind, it is replaced.
class ReplacementFile {
  public:
    explicit ReplacementFile(std::string path, ReplacementOptions options = {});
    ReplacementFile(const ReplacementFile&) = delete;
    ReplacementFile& operator=(const ReplacementFile&) = delete;
    ~ReplacementFile();

    void append(std::string_view bytes);
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Flushes the bytes to disk, then moves the file to the path. The error is the first one since the file
    /// was opened, with path and reason.
    [[nodiscard]] tl::expected<void, std::string> commit();

    /// Removes all unfinished files that have a name, after waiting for renames in progress. Other threads
    /// can't use their files afterwards: call this only right before the process ends.
    static void abandon_all();

  private:
    void create();
    /// Keeps the first error.
    void check(bool done);
    void take_over_mode();
    void take_place();
    void remove_name();

    const std::string path_;
    const ReplacementOptions options_;
    std::string target_;  ///< `path_`, or the file that it links to
    std::string temporary_;
    std::optional<struct stat> replaced_;  ///< the file to replace
    Descriptor file_;
    std::string problem_;
    std::uint64_t size_ = 0;
};

/// Creates, writes and commits the file.
[[nodiscard]] tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content,
                                                           ReplacementOptions options);

}  // namespace exporter::base
