#include "metrics/exposition.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

namespace exporter::metrics {
namespace {

// RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
constexpr std::string_view gzip_header{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10};

constexpr int raw_deflate = -MAX_WBITS;
constexpr int default_memory_level = 8;
constexpr int compression_level = 6;

constexpr std::string_view end_of_openmetrics = "# EOF\n";

/// Makes a raw deflate stream that ends on a byte boundary and is open: another stream can go on there.
class Deflater {
  public:
    Deflater() {
        if (deflateInit2(&stream_, compression_level, Z_DEFLATED, raw_deflate, default_memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();  // the arguments are right, so only memory can be missing
        }
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { deflateEnd(&stream_); }

    void append(std::string_view text, std::string& out) {
        constexpr std::size_t largest_piece = std::numeric_limits<uInt>::max();
        for (; text.size() > largest_piece; text.remove_prefix(largest_piece)) {
            append_piece(text.substr(0, largest_piece), Z_NO_FLUSH, out);
        }
        append_piece(text, Z_SYNC_FLUSH, out);
    }

  private:
    void append_piece(std::string_view piece, int flush, std::string& out) {
        // zlib's interface is older than const: it does not write to its input.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        do {
            stream_.next_out = buffer_.data();
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            deflate(&stream_, flush);
            out.append(reinterpret_cast<const char*>(buffer_.data()), buffer_.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    z_stream stream_{};
    std::array<Bytef, 16384> buffer_{};
};

std::uint32_t checksum(std::string_view text) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<z_size_t>(text.size())));
}

void append_little_endian(std::string& out, std::uint32_t number, unsigned bytes) {
    for (; bytes > 0; --bytes, number >>= 8U) {
        out.push_back(static_cast<char>(number & 0xffU));
    }
}

constexpr unsigned length_bytes = 2;
constexpr unsigned trailer_field_bytes = 4;

/// Ends a raw deflate stream that stands on a byte boundary, with `text` in blocks without compression
/// (RFC 1951, 3.2.4). The live part is about a kilobyte: deflating it would save half of that, and cost more
/// than all else that a scrape does, as zlib sets up a quarter of a megabyte first.
void append_final_blocks(std::string& out, std::string_view text) {
    constexpr std::size_t largest_block = 0xffff;
    bool is_final = false;
    while (!is_final) {
        const std::string_view block = text.substr(0, largest_block);
        text.remove_prefix(block.size());
        is_final = text.empty();
        out.push_back(is_final ? '\x01' : '\x00');
        const auto length = static_cast<std::uint32_t>(block.size());
        append_little_endian(out, length, length_bytes);
        append_little_endian(out, ~length, length_bytes);
        out += block;
    }
}

std::string gzip_beginning(std::string_view text) {
    std::string out(gzip_header);
    Deflater().append(text, out);
    out.shrink_to_fit();
    return out;
}

std::string gzip_ending(std::string_view text, std::uint32_t checksum, std::size_t whole_size) {
    constexpr std::size_t blocks_and_trailer = 64;  // of a live part of up to ten blocks
    std::string out;
    out.reserve(text.size() + blocks_and_trailer);
    append_final_blocks(out, text);
    append_little_endian(out, checksum, trailer_field_bytes);
    append_little_endian(out, static_cast<std::uint32_t>(whole_size & 0xffffffffU), trailer_field_bytes);
    return out;
}

}  // namespace

std::string_view content_type(Format format) {
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Exposition::Stored Exposition::store(std::string text) {
    Stored stored;
    stored.checksum = checksum(text);
    stored.deflated = std::make_shared<const std::string>(gzip_beginning(text));
    stored.text = std::make_shared<const std::string>(std::move(text));
    return stored;
}

Exposition::Exposition(const Renderer& render) {
    std::transform(formats.begin(), formats.end(), stored_.begin(),
                   [&render](Format format) { return store(render(format)); });
}

Body Exposition::body(std::string_view live, Format format, Encoding encoding) const {
    const Stored& stored = stored_.at(static_cast<std::size_t>(format));
    std::string tail(live);
    if (format == Format::openmetrics) {
        tail += end_of_openmetrics;
    }
    if (encoding == Encoding::identity) {
        return {stored.text, std::move(tail)};
    }
    const auto combined = crc32_combine(stored.checksum, checksum(tail), static_cast<z_off_t>(tail.size()));
    return {stored.deflated,
            gzip_ending(tail, static_cast<std::uint32_t>(combined), stored.text->size() + tail.size())};
}

ExpositionStore::ExpositionStore(Renderer live)
    : live_(std::move(live)),
      current_(std::make_shared<const Exposition>([](Format) { return std::string(); })) {}

void ExpositionStore::publish(std::shared_ptr<const Exposition> exposition) {
    const std::lock_guard lock(mutex_);
    // The old one leaves with the parameter: after the lock, so that no scrape waits for its memory to be
    // freed.
    std::swap(current_, exposition);
}

Body ExpositionStore::scrape(Format format, Encoding encoding) const {
    const auto current = [this] {
        const std::lock_guard lock(mutex_);
        return current_;
    }();
    return current->body(live_(format), format, encoding);
}

}  // namespace exporter::metrics
