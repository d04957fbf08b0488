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
// The live part is deflated at every scrape and is a few KiB: effort would buy only a handful of bytes.
constexpr int stored_level = 6;
constexpr int live_level = 1;

/// How a deflate stream ends: on a byte boundary where another stream can go on, or for good.
enum class Ending : int { open = Z_SYNC_FLUSH, final = Z_FINISH };

class Deflater {
  public:
    explicit Deflater(int level) {
        if (deflateInit2(&stream_, level, Z_DEFLATED, raw_deflate, default_memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();  // the arguments are right, so only memory can be missing
        }
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { deflateEnd(&stream_); }

    void append(std::string_view text, Ending ending, std::string& out) {
        constexpr std::size_t largest_piece = std::numeric_limits<uInt>::max();
        for (; text.size() > largest_piece; text.remove_prefix(largest_piece)) {
            append_piece(text.substr(0, largest_piece), Z_NO_FLUSH, out);
        }
        append_piece(text, static_cast<int>(ending), out);
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

void append_little_endian(std::string& out, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<char>((number >> shift) & 0xffU));
    }
}

std::string deflate_stored(std::string_view text) {
    std::string out(gzip_header);
    Deflater(stored_level).append(text, Ending::open, out);
    out.shrink_to_fit();
    return out;
}

}  // namespace

Exposition::Exposition(std::string text)
    : text_(std::make_shared<const std::string>(std::move(text))),
      deflated_(std::make_shared<const std::string>(deflate_stored(*text_))),
      checksum_(checksum(*text_)) {}

Body Exposition::body(std::string_view live, Encoding encoding) const {
    if (encoding == Encoding::identity) {
        return {text_, std::string(live)};
    }
    Body body{deflated_, {}};
    Deflater(live_level).append(live, Ending::final, body.tail);
    const auto combined = crc32_combine(checksum_, checksum(live), static_cast<z_off_t>(live.size()));
    append_little_endian(body.tail, static_cast<std::uint32_t>(combined));
    append_little_endian(body.tail, static_cast<std::uint32_t>((text_->size() + live.size()) & 0xffffffffU));
    return body;
}

ExpositionStore::ExpositionStore(std::function<std::string()> live)
    : live_(std::move(live)), current_(std::make_shared<const Exposition>(std::string())) {}

void ExpositionStore::publish(std::shared_ptr<const Exposition> exposition) {
    const std::lock_guard lock(mutex_);
    // The old one leaves with the parameter: after the lock, so that no scrape waits for its memory to be
    // freed.
    std::swap(current_, exposition);
}

Body ExpositionStore::scrape(Encoding encoding) const {
    const auto current = [this] {
        const std::lock_guard lock(mutex_);
        return current_;
    }();
    return current->body(live_(), encoding);
}

}  // namespace exporter::metrics
