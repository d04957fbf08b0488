// The state file on the disk: read with distrust, replaced whole or not at all.
#pragma once

#include "base/replacement_file.h"
#include "state/archive.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// The bytes of the state file; nullopt: there is none yet. A symbolic link is not followed, and what others
/// may have written is not used.
[[nodiscard]] tl::expected<std::optional<std::string>, Refusal> read_state_file(const std::string& path);

/// The next state file: for its owner alone, at `path` when it is complete. It takes the place of nothing or
/// of a state file, of whatever version; anything else that has come to the path meanwhile is left alone.
class StateFileWriter final : public Output {
  public:
    explicit StateFileWriter(std::string path);

    void append(std::string_view bytes) override;
    void overwrite_start(std::string_view bytes) override;

    /// The error has path and reason.
    [[nodiscard]] tl::expected<void, std::string> commit();

  private:
    const std::string path_;
    base::ReplacementFile file_;
};

}  // namespace exporter::state
