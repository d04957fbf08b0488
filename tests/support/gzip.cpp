#include "support/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace exporter::support {

namespace {

constexpr int gzip_format = MAX_WBITS + 16;
constexpr std::size_t plain_header = 10;  ///< size of a gzip header without optional fields

class Gzip {
  public:
    explicit Gzip(int level) {
        if (::deflateInit2(&stream_, level, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::runtime_error("deflateInit2");
        }
    }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;
    ~Gzip() { ::deflateEnd(&stream_); }

    /// Begins another member.
    void restart() {
        ::deflateReset(&stream_);
        result.clear();
    }

    void add(std::string_view text, int flush) {
        // zlib declares its input non-const but doesn't write to it.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            ::deflate(&stream_, flush);
            result.append(buffer_.data(), buffer_.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    std::string result;

  private:
    z_stream stream_{};
    std::array<char, 1 << 16> buffer_{};
};

}  // namespace

std::string gzip(std::string_view text, Effort effort) {
    // Preparing a stream takes longer than compressing a small text, and the tables of tests compress
    // hundreds.
    thread_local Gzip fast(Z_BEST_SPEED);
    thread_local Gzip best(Z_BEST_COMPRESSION);
    Gzip& gzip = effort == Effort::most ? best : fast;
    gzip.restart();
    gzip.add(text, Z_FINISH);
    return gzip.result;
}

std::string gzip_with_fields(std::string_view text, unsigned char flags) {
    using namespace std::string_literals;
    const std::string plain = gzip(text);
    std::string member = plain.substr(0, plain_header);
    member[3] = static_cast<char>(flags);
    member += (flags & 4U) != 0 ? "\x06\0ab\x02\0cd"s : "";
    member += (flags & 8U) != 0 ? "page.json\0"s : "";
    member += (flags & 16U) != 0 ? "of a listing\0"s : "";
    if ((flags & 2U) != 0) {
        const auto sum =
            ::crc32(0, reinterpret_cast<const Bytef*>(member.data()), static_cast<uInt>(member.size()));
        member += {static_cast<char>(sum & 0xFFU), static_cast<char>(sum >> 8U & 0xFFU)};
    }
    return member + plain.substr(plain_header);
}

std::string gzip_after_empty_blocks(std::string_view text, std::size_t blocks) {
    using namespace std::string_literals;
    const std::string empty_block = "\0\0\0\xff\xff"s;
    std::string member = gzip(text);
    std::string inserted;
    for (std::size_t i = 0; i < blocks; ++i) {
        inserted += empty_block;
    }
    return member.insert(plain_header, inserted);
}

std::string gzip_bomb(std::size_t size) {
    const std::string piece(std::min<std::size_t>(size, 1 << 20), ' ');
    Gzip gzip(Z_BEST_COMPRESSION);
    for (std::size_t added = 0; added < size; added += piece.size()) {
        gzip.add(piece, Z_NO_FLUSH);
    }
    gzip.add("", Z_FINISH);
    return gzip.result;
}

std::optional<std::string> gunzip(const std::string& bytes) {
    z_stream stream{};
    if (inflateInit2(&stream, gzip_format) != Z_OK) {
        return std::nullopt;
    }
    std::string input = bytes;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    std::string text;
    int result = Z_OK;
    std::string buffer(65536, '\0');
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        result = inflate(&stream, Z_NO_FLUSH);
        text.append(buffer, 0, buffer.size() - stream.avail_out);
    }
    const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    return whole ? std::optional(text) : std::nullopt;
}

}  // namespace exporter::support
