// Encodes values as bytes, and decodes them. Numbers are varints (LEB128, shortest form), hashes are
// little-endian and of fixed size; texts and lists are preceded by their length. Each value has exactly one
// encoding, and only that one is accepted.

#pragma once

#include "state/state_file.h"

#include <zlib.h>

#include <bitset>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace exporter::state {

inline std::uint32_t crc_of(std::string_view bytes, std::uint32_t before = 0) {
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

class Writer {
  public:
    /// @param output must outlive the writer
    explicit Writer(const Output& output) : output_(output) {}

    void bytes(std::string_view value) {
        constexpr std::size_t piece = 65'536;
        held_back_.append(value);
        if (held_back_.size() >= piece) {
            flush();
        }
    }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) {
            fixed(static_cast<std::uint8_t>(value | 0x80U));
        }
        fixed(static_cast<std::uint8_t>(value));
    }
    template <std::unsigned_integral Integer>
    void fixed(Integer value) {
        for (std::size_t shift = 0; shift < 8 * sizeof(Integer); shift += 8) {
            const char byte = static_cast<char>(value >> shift);
            bytes({&byte, 1});
        }
    }
    /// Passes the buffered bytes to the output.
    void flush() {
        checksum_ = crc_of(held_back_, checksum_);
        output_(held_back_);
        held_back_.clear();
    }
    /// Appends the checksum of everything before it, and flushes.
    void finish() {
        flush();
        fixed(std::uint32_t{checksum_});
        flush();
    }

  private:
    const Output& output_;
    std::string held_back_;
    std::uint32_t checksum_ = 0;  ///< of all bytes passed to the output
};

/// Thrown if a `Writer` would not have written the bytes, or if this program would not have saved such a
/// state.
struct Contradiction {
    const char* what;
};

inline void require(bool holds, const char* otherwise) {
    if (!holds) {
        throw Contradiction{otherwise};
    }
}

/// Reads what a `Writer` wrote.
class Reader {
  public:
    /// @param bytes must outlive the reader
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] std::string_view take(std::size_t size) {
        require(size <= rest_.size(), "it ends early");
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    [[nodiscard]] std::uint64_t number(std::uint64_t most) {
        std::uint64_t value = 0;
        bool is_last = false;
        for (unsigned shift = 0; !is_last; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1).front());
            const std::uint64_t bits = byte & 0x7FU;
            is_last = byte < 0x80;
            const bool fits = shift < 64 && bits << shift >> shift == bits;
            require(fits && (!is_last || bits != 0 || shift == 0),
                    "a number is not written as this program writes it");
            value |= bits << shift;
        }
        require(value <= most, "a value is out of range");
        return value;
    }
    template <std::unsigned_integral Integer>
    void fixed(Integer& value) {
        value = 0;
        std::size_t shift = 0;
        for (const char byte : take(sizeof(Integer))) {
            value |= static_cast<Integer>(Integer{static_cast<unsigned char>(byte)} << shift);
            shift += 8;
        }
    }
    /// The length of a list whose elements take at least `shortest` bytes each. Rejects a length that does
    /// not fit in the remaining bytes, so that decoding uses at most about thirty times as much memory as the
    /// bytes.
    [[nodiscard]] std::size_t length(std::size_t shortest) {
        const std::uint64_t length = number(std::numeric_limits<std::uint64_t>::max());
        require(length <= rest_.size() / shortest, "a length is more than what is left");
        return length;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

// `pass` writes or reads a value: one description of a struct's fields serves both.

/// `T` or `const T`.
template <class Given, class T>
concept Is = std::same_as<std::remove_const_t<Given>, T>;

template <class T>
concept Number = std::integral<T> || std::is_enum_v<T>;

template <Number T>
inline constexpr T greatest = std::numeric_limits<T>::max();
template <>
inline constexpr datadog::TokenType greatest<datadog::TokenType> = datadog::token_types.back();
template <>
inline constexpr datadog::OwnerType greatest<datadog::OwnerType> = datadog::owner_types.back();

// Dates are stored as their distance from `earliest`. The range is slightly wider than that of RFC 3339, and
// sums and differences within it can't overflow.
inline constexpr base::Timestamp earliest = std::chrono::sys_days(std::chrono::year(-1) / 1 / 1);
inline constexpr base::Timestamp latest = std::chrono::sys_days(std::chrono::year(10'001) / 1 / 1);

template <class Archive>
void pass_all(Archive& archive, auto&... values) {
    (pass(archive, values), ...);
}

template <class T>
std::size_t encoded_size(const T& value) {
    std::size_t size = 0;
    const Output count = [&size](std::string_view bytes) { size += bytes.size(); };
    Writer writer(count);
    pass(writer, value);
    writer.flush();
    return size;
}

template <Number T>
void pass(Writer& writer, T value) {
    writer.number(static_cast<std::uint64_t>(value));
}
template <Number T>
void pass(Reader& reader, T& value) {
    value = static_cast<T>(reader.number(static_cast<std::uint64_t>(greatest<T>)));
}

inline void pass(Writer& writer, base::Timestamp value) {
    writer.number(static_cast<std::uint64_t>((value - earliest).count()));
}
inline void pass(Reader& reader, base::Timestamp& value) {
    constexpr auto most = static_cast<std::uint64_t>((latest - earliest).count());
    value = earliest + base::Timestamp::duration(static_cast<base::Timestamp::rep>(reader.number(most)));
}

template <std::size_t size>
void pass(Writer& writer, const std::bitset<size>& value) {
    writer.number(value.to_ulong());
}
template <std::size_t size>
void pass(Reader& reader, std::bitset<size>& value) {
    value = std::bitset<size>(reader.number(std::bitset<size>().set().to_ulong()));
}

inline void pass(Writer& writer, const std::string& value) {
    writer.number(value.size());
    writer.bytes(value);
}
inline void pass(Reader& reader, std::string& value) {
    value = reader.take(reader.length(1));
}

template <class T>
void pass(Writer& writer, const std::optional<T>& value) {
    pass(writer, value.has_value());
    if (value) {
        pass(writer, *value);
    }
}
template <class T>
void pass(Reader& reader, std::optional<T>& value) {
    bool there = false;
    pass(reader, there);
    if (there) {
        pass(reader, value.emplace());
    }
}

/// A list of fixed length; the length is not stored.
template <class Archive>
void pass(Archive& archive, std::ranges::range auto& values) {
    for (auto& value : values) {
        pass(archive, value);
    }
}

template <class T>
void pass(Writer& writer, const std::vector<T>& values) {
    writer.number(values.size());
    for (const T& value : values) {
        pass(writer, value);
    }
}
template <class T>
void pass(Reader& reader, std::vector<T>& values) {
    // A default-constructed element has the shortest encoding: its texts, lists and optional values are
    // empty, and no element type has a mandatory date.
    static const std::size_t shortest = encoded_size(T{});
    values.resize(reader.length(shortest));
    for (T& value : values) {
        pass(reader, value);
    }
}

}  // namespace exporter::state
