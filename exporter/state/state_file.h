// The state file on the disk: read with distrust, replaced whole or not at all.
#pragma once

#include "state/archive.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::state {

/// No file beyond this is read or left behind: the censuses of 20 million tokens.
inline constexpr std::uint64_t max_file_size = 256ULL * 1024 * 1024;

/// Why a file is not used.
struct Refusal {
    std::string why;  ///< to follow a path and a colon
    /// Whether it is, or once was, a state file, which the next one may replace. Whatever else is at the path
    /// was not meant to be lost.
    bool replaceable = false;
};

struct Ownership {
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;
};

/// Who else may have written a file whose numbers `user` is going to publish; empty: nobody. It has to belong
/// to the user or to root, and to be writable by its owner alone, or by one of the user's own groups as well
/// (to Kubernetes' `fsGroup` a volume's files are made writable).
[[nodiscard]] std::string others_who_may_write(const Ownership& file, uid_t user,
                                               const std::vector<gid_t>& groups);

/// The bytes of the state file; nullopt: there is none yet. A symbolic link is not followed, and what others
/// may have written is not used.
[[nodiscard]] tl::expected<std::optional<std::string>, Refusal> read_state_file(const std::string& path);

/// A new file beside `path` (`<path>.new`, mode 0600) that takes its place when it is complete, and is gone
/// if it never was. What a run that was killed left there is replaced. Neither name is followed where it is a
/// symbolic link.
class ReplacementFile final : public Output {
  public:
    explicit ReplacementFile(std::string path);
    ReplacementFile(const ReplacementFile&) = delete;
    ReplacementFile& operator=(const ReplacementFile&) = delete;
    ~ReplacementFile() override;

    void append(std::string_view bytes) override;
    void overwrite_start(std::string_view bytes) override;

    /// Makes sure that the bytes are on the disk, then that they are at `path`. The error is that of the
    /// first step that failed, since opening the file, with path and reason.
    [[nodiscard]] tl::expected<void, std::string> commit();

  private:
    /// Keeps the first error.
    void check(bool done);
    void write_at(std::string_view bytes, std::uint64_t offset);

    const std::string path_;
    const std::string temporary_;
    int descriptor_ = -1;
    bool renamed_ = false;
    int error_ = 0;  ///< errno
    std::uint64_t size_ = 0;
};

}  // namespace exporter::state
