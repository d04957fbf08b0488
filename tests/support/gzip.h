// Compressed bodies, and what a server compressed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::support {

enum class Effort { least, most };

/// One gzip member.
[[nodiscard]] std::string gzip(std::string_view text, Effort effort = Effort::most);
/// The same with these optional fields in its header.
///
/// @param flags RFC 1952's FLG: 1 FTEXT, 2 FHCRC, 4 FEXTRA, 8 FNAME, 16 FCOMMENT
[[nodiscard]] std::string gzip_with_fields(std::string_view text, unsigned char flags);
/// The same after `blocks` blocks of deflate that hold nothing.
[[nodiscard]] std::string gzip_after_empty_blocks(std::string_view text, std::size_t blocks);
/// `size` spaces, a thousandth as long.
[[nodiscard]] std::string gzip_bomb(std::size_t size);

/// The text of one gzip member; none when it is damaged or bytes follow it.
[[nodiscard]] std::optional<std::string> gunzip(const std::string& bytes);

}  // namespace exporter::support
