// Values as bytes and back. Counts are varints (LEB128, shortest form), everything else is little-endian and
// of fixed size; texts and lists have their length in front. There is one way to write a value, and only that
// one is read. `Writer` and `Reader` are called alike, so that one description of a struct's fields serves
// both.
#pragma once

#include "inventory/inventory.h"
#include "state/state_file.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace exporter::state {

/// CRC-32, as zlib counts it.
[[nodiscard]] std::uint32_t crc_of(std::string_view bytes, std::uint32_t before = 0);

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
    void byte(unsigned char value) {
        const char character = static_cast<char>(value);
        bytes({&character, 1});
    }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) {
            byte(static_cast<unsigned char>((value & 0x7FU) | 0x80U));
        }
        byte(static_cast<unsigned char>(value));
    }
    template <class Integer>
    void fixed(Integer value) {
        for (std::size_t shift = 0; shift < 8 * sizeof(Integer); shift += 8) {
            byte(static_cast<unsigned char>(value >> shift));
        }
    }
    /// Hands over what is still held back.
    void flush() {
        checksum_ = crc_of(held_back_, checksum_);
        output_(held_back_);
        held_back_.clear();
    }
    /// Ends with the checksum of all before it.
    void finish() {
        flush();
        fixed(std::uint32_t{checksum_});
        flush();
    }

  private:
    const Output& output_;
    std::string held_back_;
    std::uint32_t checksum_ = 0;  ///< of all that was handed over
};

/// Reads what a `Writer` wrote. Bytes that it can't have written are a problem: the first one is kept, and
/// what is read from then on means nothing. No length is believed that the rest of the bytes can't hold, so
/// that what is read takes at most some thirty times the memory of its bytes.
class Reader {
  public:
    /// @param bytes must outlive the reader
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    void number(std::uint64_t& value) {
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
    template <class Integer>
    void fixed(Integer& value) {
        value = 0;
        unsigned shift = 0;
        for (const char byte : take(sizeof(Integer))) {
            value |= static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(byte)) << shift);
            shift += 8;
        }
    }
    /// A byte below `limit`.
    [[nodiscard]] unsigned char byte_below(std::size_t limit) {
        const std::string_view taken = take(1);
        const auto byte =
            taken.empty() ? static_cast<unsigned char>(0) : static_cast<unsigned char>(taken[0]);
        if (byte >= limit) {
            refuse("a kind is out of range");
            return 0;
        }
        return byte;
    }
    /// The length of a list whose elements take at least `shortest` bytes each.
    [[nodiscard]] std::size_t length(std::size_t shortest) {
        std::uint64_t length = 0;
        number(length);
        if (length > rest_.size() / shortest) {
            refuse("a length is more than there is");
            return 0;
        }
        return length;
    }
    /// Empty when there are fewer bytes.
    [[nodiscard]] std::string_view take(std::size_t size) {
        if (size > rest_.size()) {
            refuse("it ends early");
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    /// A problem of the caller's own finding.
    void refuse(const char* problem) { problem_ = problem_ != nullptr ? problem_ : problem; }
    /// nullptr: none so far.
    [[nodiscard]] const char* problem() const { return problem_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    const char* problem_ = nullptr;
};

// How values of each kind are written or read. The structs that are stored are in codec.cpp.

/// `T` or `const T`.
template <class Given, class T>
concept Is = std::same_as<std::remove_const_t<Given>, T>;

template <class>
inline constexpr bool has_fixed_length = false;
template <class T, std::size_t size>
inline constexpr bool has_fixed_length<std::array<T, size>> = true;
template <class T>
inline constexpr bool has_fixed_length<inventory::ByOwner<T>> = true;

template <class Given>
concept FixedList = has_fixed_length<std::remove_const_t<Given>>;
template <class Given>
concept List = Is<Given, std::vector<typename Given::value_type>>;
template <class Given>
concept Optional = Is<Given, std::optional<typename Given::value_type>>;

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

inline void pass(Writer& writer, bool value) {
    writer.byte(value ? 1 : 0);
}
inline void pass(Reader& reader, bool& value) {
    value = reader.byte_below(2) == 1;
}

inline void pass(Writer& writer, std::uint64_t value) {
    writer.number(value);
}
inline void pass(Reader& reader, std::uint64_t& value) {
    reader.number(value);
}

inline void pass(Writer& writer, base::Timestamp value) {
    writer.fixed(static_cast<std::uint64_t>(value.time_since_epoch().count()));
}
void pass(Reader& reader, base::Timestamp& value);

inline void pass(Writer& writer, const std::string& value) {
    writer.number(value.size());
    writer.bytes(value);
}
inline void pass(Reader& reader, std::string& value) {
    value = reader.take(reader.length(1));
}

inline void pass(Writer& writer, datadog::TokenType value) {
    writer.byte(static_cast<unsigned char>(value));
}
inline void pass(Writer& writer, datadog::OwnerType value) {
    writer.byte(static_cast<unsigned char>(value));
}
inline void pass(Reader& reader, datadog::TokenType& value) {
    value = static_cast<datadog::TokenType>(reader.byte_below(datadog::token_type_count));
}
inline void pass(Reader& reader, datadog::OwnerType& value) {
    value = static_cast<datadog::OwnerType>(reader.byte_below(datadog::owner_type_count));
}

template <class Archive>
void pass(Archive& archive, Optional auto& value) {
    bool there = value.has_value();
    pass(archive, there);
    if constexpr (std::same_as<Archive, Reader>) {
        if (there) {
            value.emplace();
        }
    }
    if (there) {
        pass(archive, *value);
    }
}

template <class Archive>
void pass(Archive& archive, FixedList auto& values) {
    for (auto& value : values) {
        pass(archive, value);
    }
}

void pass(Writer& writer, const List auto& values) {
    writer.number(values.size());
    for (const auto& value : values) {
        pass(writer, value);
    }
}
template <class T>
void pass(Reader& reader, std::vector<T>& values) {
    // A value without texts and lists in it is the shortest there is.
    static const std::size_t shortest = encoded_size(T{});
    values.resize(reader.length(shortest));
    for (T& value : values) {
        if (reader.problem() != nullptr) {
            return;
        }
        pass(reader, value);
    }
}

}  // namespace exporter::state
