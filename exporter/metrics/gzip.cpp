#include "metrics/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace exporter::metrics {
namespace {

// RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
constexpr std::string_view gzip_header{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10};

constexpr int raw_deflate = -MAX_WBITS;
constexpr int default_memory_level = 8;
constexpr int compression_level = 6;

constexpr std::size_t largest_piece = std::numeric_limits<uInt>::max();

// zlib's interface predates const: it does not write to its input.
Bytef* input_of(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

TextSum sum_of(std::string_view text) {
    return {.size = text.size(),
            .crc = static_cast<std::uint32_t>(crc32_z(0, input_of(text), text.size())),
            .shift = static_cast<std::uint32_t>(crc32_combine_gen(static_cast<z_off_t>(text.size())))};
}

/// Checksum of a string that ends with `last`, from the checksum of the text before it.
std::uint32_t combined(std::uint32_t crc, const TextSum& last) {
    return static_cast<std::uint32_t>(crc32_combine_op(crc, last.crc, last.shift));
}

void append_little_endian(std::string& out, std::uint32_t number, unsigned bytes) {
    for (; bytes > 0; --bytes, number >>= 8U) {
        out.push_back(static_cast<char>(number & 0xffU));
    }
}

constexpr unsigned length_bytes = 2;
constexpr unsigned trailer_field_bytes = 4;

/// Ends a raw deflate stream at a byte boundary with `text` in uncompressed blocks (RFC 1951, 3.2.4). The
/// live part is about a kilobyte: deflating it would save half of that, and cost more than the rest of a
/// scrape, because zlib initialises a quarter of a megabyte first.
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

}  // namespace

Deflater::Deflater() : stream_(std::make_unique<z_stream>()) {
    if (deflateInit2(stream_.get(), compression_level, Z_DEFLATED, raw_deflate, default_memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();  // the arguments are valid, so it can only be out of memory
    }
}

Deflater::~Deflater() {
    deflateEnd(stream_.get());
}

TextSum Deflater::append(std::string_view text, std::string& out) {
    const TextSum sum = sum_of(text);
    std::array<Bytef, 16384> buffer;
    while (!text.empty()) {
        stream_->next_in = input_of(text);
        stream_->avail_in = static_cast<uInt>(std::min(text.size(), largest_piece));
        text.remove_prefix(stream_->avail_in);
        // A full flush ends on a byte boundary and drops all references to earlier data.
        const int flush = text.empty() ? Z_FULL_FLUSH : Z_NO_FLUSH;
        do {
            stream_->next_out = buffer.data();
            stream_->avail_out = static_cast<uInt>(buffer.size());
            deflate(stream_.get(), flush);
            out.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream_->avail_out);
        } while (stream_->avail_out == 0);
    }
    return sum;
}

OpenGzip open_gzip(std::span<const Fragment> parts) {
    std::size_t size = gzip_header.size();
    for (const Fragment& part : parts) {
        size += part.deflated.size();
    }
    std::string bytes;
    bytes.reserve(size);
    bytes += gzip_header;
    TextSum text;
    for (const Fragment& part : parts) {
        bytes += part.deflated;
        text.size += part.text.size;
        text.crc = combined(text.crc, part.text);
    }
    text.shift = static_cast<std::uint32_t>(crc32_combine_gen(static_cast<z_off_t>(text.size)));
    return {std::make_shared<const std::string>(std::move(bytes)), text};
}

std::string gzip_ending(const OpenGzip& member, std::string_view tail) {
    constexpr std::size_t blocks_and_trailer = 64;  // for a live part of up to ten blocks
    const TextSum last = sum_of(tail);
    std::string out;
    out.reserve(tail.size() + blocks_and_trailer);
    append_final_blocks(out, tail);
    append_little_endian(out, combined(member.text.crc, last), trailer_field_bytes);
    append_little_endian(out, static_cast<std::uint32_t>((member.text.size + last.size) & 0xffffffffU),
                         trailer_field_bytes);
    return out;
}

std::string text_of(const OpenGzip& member) {
    z_stream stream{};
    if (inflateInit2(&stream, raw_deflate) != Z_OK) {
        throw std::bad_alloc();  // the argument is valid, so it can only be out of memory
    }
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, inflateEnd);
    std::string_view deflated = std::string_view(*member.bytes).substr(gzip_header.size());
    std::string text(member.text.size, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const auto input = static_cast<uInt>(std::min(deflated.size(), largest_piece));
        const auto room = static_cast<uInt>(std::min(text.size() - filled, largest_piece));
        stream.next_in = input_of(deflated);
        stream.avail_in = input;
        stream.next_out = reinterpret_cast<Bytef*>(text.data() + filled);
        stream.avail_out = room;
        if (inflate(&stream, Z_SYNC_FLUSH) != Z_OK) {
            throw std::bad_alloc();  // the stream was made here, so it can only be out of memory
        }
        deflated.remove_prefix(input - stream.avail_in);
        filled += room - stream.avail_out;
    }
    return text;
}

}  // namespace exporter::metrics
