#include "state/archive.h"

#include <zlib.h>

#include <chrono>

namespace exporter::state {

namespace {

constexpr std::size_t piece_size = 65'536;

/// Moments that RFC 3339 can write, and some to spare; sums and differences of them can't overflow.
constexpr base::Timestamp earliest_date = std::chrono::sys_days(std::chrono::year(-1) / 1 / 1);
constexpr base::Timestamp latest_date = std::chrono::sys_days(std::chrono::year(10'001) / 1 / 1);

}  // namespace

Writer::Writer(Output& output) : output_(output) {}

void Writer::put(std::uint64_t value) {
    while (value >= 0x80) {
        put_byte(static_cast<unsigned char>((value & 0x7FU) | 0x80U));
        value >>= 7U;
    }
    put_byte(static_cast<unsigned char>(value));
}

void Writer::put(base::Timestamp value) {
    put_little_endian(static_cast<std::uint64_t>(value.time_since_epoch().count()));
}

void Writer::put(const std::string& value) {
    put(std::uint64_t{value.size()});
    append(value);
}

void Writer::put_byte(unsigned char byte) {
    const char character = static_cast<char>(byte);
    append({&character, 1});
}

void Writer::append(std::string_view bytes) {
    held_back_.append(bytes);
    if (held_back_.size() >= piece_size) {
        flush();
    }
}

void Writer::flush() {
    checksum_ = static_cast<std::uint32_t>(
        ::crc32_z(checksum_, reinterpret_cast<const Bytef*>(held_back_.data()), held_back_.size()));
    size_ += held_back_.size();
    output_.append(held_back_);
    held_back_.clear();
}

void Reader::get(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::string_view taken = take(1);
        if (taken.empty()) {
            return;
        }
        const auto byte = static_cast<unsigned char>(taken.front());
        const std::uint64_t bits = byte & 0x7FU;
        const bool last = byte < 0x80;
        if ((shift == 63 && byte > 1) || (last && byte == 0 && shift > 0)) {
            break;
        }
        value |= bits << shift;
        if (last) {
            return;
        }
    }
    refuse("a number is not written as this program writes it");
    value = 0;
}

void Reader::get(base::Timestamp& value) {
    std::uint64_t microseconds = 0;
    get_little_endian(microseconds);
    value = base::Timestamp(base::Timestamp::duration(static_cast<base::Timestamp::rep>(microseconds)));
    if (value < earliest_date || value > latest_date) {
        refuse("a date is out of range");
        value = {};
    }
}

void Reader::get(std::string& value) {
    value = take(get_length(1));
}

unsigned char Reader::get_below(std::size_t limit) {
    const std::string_view taken = take(1);
    const auto byte = taken.empty() ? static_cast<unsigned char>(0) : static_cast<unsigned char>(taken[0]);
    if (byte >= limit) {
        refuse("a kind is out of range");
        return 0;
    }
    return byte;
}

std::size_t Reader::get_length(std::size_t shortest) {
    std::uint64_t length = 0;
    get(length);
    if (length > rest_.size() / shortest) {
        refuse("a length is more than there is");
        return 0;
    }
    return length;
}

std::string_view Reader::take(std::size_t size) {
    if (size > rest_.size()) {
        refuse("it ends early");
        return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

}  // namespace exporter::state
