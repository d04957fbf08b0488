// The only way in which this program replaces a file.
//
// Who reads the path sees the old file or the new one, never a part. What is not a regular file is left
// alone. No unfinished file stays behind, except where O_TMPFILE is missing and SIGKILL or a crash ends the
// process, or where its removal hangs.
#pragma once

#include "base/descriptor.h"
#include "base/regular_file.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
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
    /// False: as on a file system that knows no files without a name (NFS, FUSE).
    bool unnamed = true;
};

/// Keeps SIGINT, SIGTERM, SIGHUP and SIGQUIT from ending the process for a moment, where that is what they
/// would do; they do so when the last of these objects is gone. If something hangs meanwhile, SIGALRM ends
/// the process two seconds after they came. Thread-safe.
class DeferredEnd {
  public:
    DeferredEnd();
    DeferredEnd(const DeferredEnd&) = delete;
    DeferredEnd& operator=(const DeferredEnd&) = delete;
    ~DeferredEnd();
};

class TemporaryName;

/// A new file that takes the place of `path` when it is complete, and is gone if it never was.
///
/// While it is written it has no name where the file system allows that (`O_TMPFILE`), so that a killed
/// process leaves nothing. It gets the name `<path>.new` for the moment of the exchange, elsewhere from the
/// start; what a process that was killed left there is replaced.
///
/// While it is written, those signals end the process at once, and remove the file if it has a name. A thread
/// that hangs in a file system can't handle them: where that may happen, the process's first thread, to which
/// the kernel gives them, should be another one.
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

  private:
    void create();
    /// Keeps the first error.
    void check(bool done);
    void take_over_mode();
    void give_name();
    void take_place();

    const std::string path_;
    const ReplacementOptions options_;
    std::string target_;  ///< `path_`, or where it leads
    std::string temporary_;
    std::optional<Ownership> replaced_;  ///< of the file that was there
    Descriptor file_;
    std::unique_ptr<TemporaryName>
        name_;  ///< `temporary_`, while it is this file's; after file_, which it uses
    std::string problem_;
    std::uint64_t size_ = 0;
};

/// All at once.
[[nodiscard]] tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content,
                                                           ReplacementOptions options);

}  // namespace exporter::base
