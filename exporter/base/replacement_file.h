// The only way in which this program replaces a file.
//
// Who reads the path sees the old file or the new one, never a part. What is not a regular file is left
// alone. No unfinished file stays behind, except where O_TMPFILE is missing and SIGKILL or a crash ends the
// process, or where its removal hangs.
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

/// Why nothing can be written at a path, to follow the path: `is a named pipe, …`. Empty: a regular file is
/// there, or nothing is.
[[nodiscard]] std::string fault_in_target(const std::string& path, Links links);

struct ReplacementOptions {
    Links links = Links::refused;  ///< `followed`: what the link leads to is replaced, the link stays
    mode_t mode = 0600;            ///< permission bits, whatever the umask
    /// A file that is replaced hands on its own mode, owner and group. Where the group can't be handed on,
    /// the new file has no rights for groups.
    bool keep_mode = false;
};

/// A new file that takes the place of `path` when it is complete, and is gone if it never was.
///
/// While it is written it has no name where the file system allows that (`O_TMPFILE`), so that a killed
/// process leaves nothing. It gets the name `<path>.new` for the moment of the exchange, elsewhere (NFS,
/// FUSE) from the start; what a process that was killed left there is replaced.
class ReplacementFile {
  public:
    explicit ReplacementFile(std::string path, ReplacementOptions options = {});
    ReplacementFile(const ReplacementFile&) = delete;
    ReplacementFile& operator=(const ReplacementFile&) = delete;
    ~ReplacementFile();

    void append(std::string_view bytes);
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Makes sure that the bytes are on the disk, then that they are at the path. The error is that of the
    /// first step that failed, since opening the file, with path and reason.
    [[nodiscard]] tl::expected<void, std::string> commit();

    /// Removes all files that are unfinished and have a name, once no exchange is under way any more. Those
    /// of other threads stay as they are for good: to be called before the process ends, and only then.
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
