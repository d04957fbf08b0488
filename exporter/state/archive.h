// Values as bytes and back. Counts are varints (LEB128, shortest form), everything else is little-endian and
// of fixed size; texts and lists have their length in front. There is one way to write a value, and only that
// one is read. `Writer` and `Reader` are called alike, so that one description of a struct's fields serves
// both.
#pragma once

#include "inventory/inventory.h"
#include "state/state_file.h"

#include <zlib.h>

#include <array>
#include <chrono>
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
[[nodiscard]] inline std::uint32_t crc_of(std::string_view bytes, std::uint32_t before = 0) {
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
    template <class Kind>
    void kind(Kind value, std::size_t /*limit*/) {
        byte(static_cast<unsigned char>(value));
    }
    void moment(base::Timestamp value) {
        fixed(static_cast<std::uint64_t>(value.time_since_epoch().count()));
    }
    void text(const std::string& value) {
        number(value.size());
        bytes(value);
    }
    void list_of(std::size_t length, std::size_t /*shortest*/) { number(length); }

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
    void byte(unsigned char value) {
        const char character = static_cast<char>(value);
        bytes({&character, 1});
    }

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
    /// A value below `limit`.
    template <class Kind>
    void kind(Kind& value, std::size_t limit) {
        const std::string_view taken = take(1);
        const auto byte = taken.empty() ? std::size_t{0} : static_cast<unsigned char>(taken.front());
        if (byte >= limit) {
            refuse("a kind is out of range");
        }
        value = static_cast<Kind>(byte < limit ? byte : 0);
    }
    void moment(base::Timestamp& value) {
        // Moments that RFC 3339 can write, and some to spare; sums and differences of them can't overflow.
        constexpr base::Timestamp earliest = std::chrono::sys_days(std::chrono::year(-1) / 1 / 1);
        constexpr base::Timestamp latest = std::chrono::sys_days(std::chrono::year(10'001) / 1 / 1);
        std::uint64_t microseconds = 0;
        fixed(microseconds);
        value = base::Timestamp(base::Timestamp::duration(static_cast<base::Timestamp::rep>(microseconds)));
        if (value < earliest || value > latest) {
            refuse("a date is out of range");
            value = {};
        }
    }
    void text(std::string& value) { value = take(list_of(0, 1)); }
    /// The length of a list whose elements take at least `shortest` bytes each.
    [[nodiscard]] std::size_t list_of(std::size_t /*length*/, std::size_t shortest) {
        std::uint64_t length = 0;
        number(length);
        if (length > rest_.size() / shortest) {
            refuse("a length is more than there is");
            return 0;
        }
        return length;
    }

    /// A problem of the caller's own finding.
    void refuse(const char* problem) { problem_ = problem_ != nullptr ? problem_ : problem; }
    /// nullptr: none so far.
    [[nodiscard]] const char* problem() const { return problem_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
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

template <class Archive>
void pass(Archive& archive, Is<bool> auto& value) {
    archive.kind(value, 2);
}
template <class Archive>
void pass(Archive& archive, Is<std::uint64_t> auto& value) {
    archive.number(value);
}
template <class Archive>
void pass(Archive& archive, Is<base::Timestamp> auto& value) {
    archive.moment(value);
}
template <class Archive>
void pass(Archive& archive, Is<std::string> auto& value) {
    archive.text(value);
}
template <class Archive>
void pass(Archive& archive, Is<datadog::TokenType> auto& value) {
    archive.kind(value, datadog::token_type_count);
}
template <class Archive>
void pass(Archive& archive, Is<datadog::OwnerType> auto& value) {
    archive.kind(value, datadog::owner_type_count);
}

template <class Archive>
void pass(Archive& archive, Optional auto& value) {
    bool there = value.has_value();
    pass(archive, there);
    if constexpr (std::same_as<Archive, Reader>) {
        there ? void(value.emplace()) : value.reset();
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
    writer.list_of(values.size(), 0);
    for (const auto& value : values) {
        pass(writer, value);
    }
}
template <class T>
void pass(Reader& reader, std::vector<T>& values) {
    // A value without texts and lists in it is the shortest there is.
    static const std::size_t shortest = encoded_size(T{});
    values.resize(reader.list_of(0, shortest));
    for (T& value : values) {
        if (reader.problem() != nullptr) {
            return;
        }
        pass(reader, value);
    }
}

}  // namespace exporter::state
