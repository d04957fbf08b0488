// Builds gzip from parts. A string is compressed as a self-contained fragment; concatenated fragments are the
// beginning of a gzip member, which each scrape completes with its own tail. The only part of metrics/ that
// uses zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct z_stream_s;  // zlib's, which only gzip.cpp includes

namespace exporter::metrics {

/// gzip's checksum data of a string, which can be combined for concatenated texts.
struct TextSum {
    std::size_t size = 0;
    std::uint32_t crc = 0;  ///< CRC-32
    /// Shifts the checksum of a preceding text: zlib's operator, the identity for an empty string. Stored,
    /// because computing it from the size costs several times as much as using it.
    std::uint32_t shift = 0x80000000;
};

/// A piece of a raw deflate stream that ends on a byte boundary and has no references to earlier data, so it
/// can be anywhere in a stream. A view: the owner of the bytes must outlive it. No bytes represent an empty
/// text.
struct Fragment {
    std::string_view deflated;
    TextSum text;
};

/// Makes fragments. Reused for many texts, because zlib's state takes a quarter of a megabyte.
class Deflater {
  public:
    Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    /// Appends the fragment of `text` to `out`; nothing for an empty string.
    TextSum append(std::string_view text, std::string& out);

  private:
    const std::unique_ptr<z_stream_s> stream_;
};

/// A gzip member without its end: header and fragments. Cheap to copy.
struct OpenGzip {
    std::shared_ptr<const std::string> bytes;
    TextSum text;
};

/// Concatenates the parts. Takes as long as copying, plus less than 0.1 µs per part for the checksum.
[[nodiscard]] OpenGzip open_gzip(std::span<const Fragment> parts);

/// The bytes that complete `member`: `tail`, uncompressed, and the checksum.
[[nodiscard]] std::string gzip_ending(const OpenGzip& member, std::string_view tail);

/// The uncompressed text of all parts.
[[nodiscard]] std::string text_of(const OpenGzip& member);

}  // namespace exporter::metrics
