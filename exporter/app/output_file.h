// Writes a file whole or not at all.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace exporter::app {

/// Writes `content` beside `path` and renames it into place, so that a reader sees the old file or the new
/// one. The file can be read by all, as node_exporter's textfile collector wants it. The error names the path
/// and the reason.
[[nodiscard]] tl::expected<void, std::string> replace_file(const std::string& path, std::string_view content);

}  // namespace exporter::app
