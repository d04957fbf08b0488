// Compresses and decompresses gzip bodies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::support {

enum class Effort { least, most };

/// Compresses into one gzip member.
[[nodiscard]] std::string gzip(std::string_view text, Effort effort = Effort::most);
/// The same with optional fields in the header.
///
/// @param flags RFC 1952's FLG: 1 FTEXT, 2 FHCRC, 4 FEXTRA, 8 FNAME, 16 FCOMMENT
[[nodiscard]] std::string gzip_with_fields(std::string_view text, unsigned char flags);
/// The same, preceded by `blocks` empty deflate blocks.
[[nodiscard]] std::string gzip_after_empty_blocks(std::string_view text, std::size_t blocks);
/// `size` spaces, compressed to about a thousandth of that.
[[nodiscard]] std::string gzip_bomb(std::size_t size);

/// Decompresses one gzip member. Empty if it is damaged or followed by more bytes.
[[nodiscard]] std::optional<std::string> gunzip(const std::string& bytes);

}  // namespace exporter::support
