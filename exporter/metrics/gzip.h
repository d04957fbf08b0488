// gzip made of parts. A text is compressed as a fragment that stands for itself; fragments one after another
// are the beginning of a gzip member, which each scrape ends with its own tail. All of metrics that knows
// zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct z_stream_s;  // zlib's, which only gzip.cpp includes

namespace exporter::metrics {

/// What gzip says about a text, from which follows what it says about a concatenation.
struct TextSum {
    std::size_t size = 0;
    std::uint32_t crc = 0;  ///< CRC-32
    /// What moves the checksum of a text before this one: zlib's operator, the identity for an empty text.
    /// Kept as making it from the size costs several times what using it does.
    std::uint32_t shift = 0x80000000;
};

/// A piece of a raw deflate stream that ends on a byte boundary and refers to nothing before itself, so that
/// it can stand anywhere in a stream. A view: whoever holds the bytes must outlive it. Without bytes: no
/// text.
struct Fragment {
    std::string_view deflated;
    TextSum text;
};

/// Makes fragments. One for many texts, as setting zlib up takes a quarter of a megabyte.
class Deflater {
  public:
    Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    /// Appends the fragment of `text` to `out`; nothing for an empty text.
    TextSum append(std::string_view text, std::string& out);

  private:
    const std::unique_ptr<z_stream_s> stream_;
};

/// A gzip member without its end: header and fragments. Cheap to copy.
struct OpenGzip {
    std::shared_ptr<const std::string> bytes;
    TextSum text;
};

/// Copies the parts together. The time is that of copying, and less than 0.1 µs a part for the checksum.
[[nodiscard]] OpenGzip open_gzip(std::span<const Fragment> parts);

/// What makes a whole member of `member` when it follows its bytes: `tail`, not compressed, and the checksum.
[[nodiscard]] std::string gzip_ending(const OpenGzip& member, std::string_view tail);

/// The text of all parts, unpacked.
[[nodiscard]] std::string text_of(const OpenGzip& member);

}  // namespace exporter::metrics
