// Base64 as in RFC 4648, section 4: the usual alphabet, padded, without line breaks.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace exporter::base {

[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// The most bytes that a text of this length decodes to.
[[nodiscard]] constexpr std::size_t decoded_base64_size(std::size_t text_size) {
    return text_size / 4 * 3;
}

/// Strict: whole groups of four characters, bits that carry nothing unset. Makes no copy: the bytes may be a
/// password.
///
/// @param bytes at least `decoded_base64_size(text.size())` bytes
/// @return how many bytes were written; nullopt: this is no base64
[[nodiscard]] std::optional<std::size_t> decode_base64(std::string_view text, std::span<char> bytes);

}  // namespace exporter::base
