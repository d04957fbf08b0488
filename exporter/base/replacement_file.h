// The only way in which this program replaces a file.
//
// A reader of the path sees the old file or the new one, never a part. Anything but a regular file is left
// alone. No unfinished file stays behind, unless O_TMPFILE is missing and SIGKILL or a crash ends the
// process, or its removal hangs.
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

/// Why nothing can be written at a path, as a predicate: `is a named pipe, …`. Empty: there is a regular
/// file, or nothing.
[[nodiscard]] std::string fault_in_target(const std::string& path, Links links);

struct ReplacementOptions {
    Links links = Links::refused;  ///< `followed`: replaces the link's target and keeps the link
    mode_t mode = 0600;            ///< permission bits, whatever the umask
    /// The new file takes over the replaced file's mode, owner and group. If it can't keep the group, it has
    /// no group permissions.
    bool keep_mode = false;
};

/// A new file that replaces `path` when complete, and otherwise disappears.
///
/// While it is being written it is unnamed if the file system allows that (`O_TMPFILE`), so a killed process
/// leaves nothing behind. It is named `<path>.new` just before the exchange, or from the start on other file
/// systems (NFS, FUSE); leftovers of a killed process are replaced.
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

    /// Removes all unfinished files that have a name, after waiting for exchanges in progress. Other threads
    /// can't use theirs afterwards: call this only right before the process ends.
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
    std::string target_;  ///< `path_`, or where it leads
    std::string temporary_;
    std::optional<struct stat> replaced_;  ///< the file that was there
    Descriptor file_;
    std::string problem_;
    std::uint64_t size_ = 0;
};

/// All at once.
[[nodiscard]] tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content,
                                                           ReplacementOptions options);

}  // namespace exporter::base
