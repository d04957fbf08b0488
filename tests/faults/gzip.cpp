#include "faults/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace exporter::faults {

namespace {

class Gzip {
  public:
    Gzip() {
        constexpr int gzip_format = 15 + 16;
        if (::deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK) {
            throw std::runtime_error("deflateInit2");
        }
    }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;
    ~Gzip() { ::deflateEnd(&stream_); }

    void add(std::string_view text, int flush) {
        // zlib's input is not const, and is not written to.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        do {
            std::array<char, 1 << 16> buffer{};
            stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
            stream_.avail_out = static_cast<uInt>(buffer.size());
            ::deflate(&stream_, flush);
            result.append(buffer.data(), buffer.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    std::string result;

  private:
    z_stream stream_{};
};

}  // namespace

std::string gzip(std::string_view text) {
    Gzip gzip;
    gzip.add(text, Z_FINISH);
    return gzip.result;
}

std::string gzip_bomb(std::size_t size) {
    const std::string piece(std::min<std::size_t>(size, 1 << 20), ' ');
    Gzip gzip;
    for (std::size_t added = 0; added < size; added += piece.size()) {
        gzip.add(piece, Z_NO_FLUSH);
    }
    gzip.add("", Z_FINISH);
    return gzip.result;
}

}  // namespace exporter::faults
