// Values as bytes and back. `Writer` and `Reader` are called alike, so that one description of a struct's
// fields (fields.h) serves both.
//
// Counts are varints (LEB128, shortest form), everything else is little-endian and of fixed size; texts and
// lists have their length in front. There is one way to write a value, and only that one is read.
#pragma once

#include "datadog/token.h"
#include "inventory/inventory.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::state {

/// Where bytes go. A failure is the implementation's to remember: writing goes on to the end.
class Output {
  public:
    virtual ~Output() = default;
    virtual void append(std::string_view bytes) = 0;
    /// Replaces the first `bytes.size()` bytes of what was appended.
    virtual void overwrite_start(std::string_view bytes) = 0;
};

class Writer {
  public:
    /// @param output must outlive the writer; gets bytes in pieces of 64 KiB
    explicit Writer(Output& output);

    template <class... T>
    void operator()(const T&... values) {
        (put(values), ...);
    }
    void fixed(std::uint64_t value) { put_little_endian(value); }
    void fixed(std::uint32_t value) { put_little_endian(value); }

    /// Hands over what is still held back.
    void flush();

    // Of all that was handed over:
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint32_t checksum() const { return checksum_; }  ///< CRC-32, as zlib counts it

  private:
    void put(bool value) { append({value ? "\1" : "\0", 1}); }
    void put(std::uint64_t value);
    void put(base::Timestamp value);
    void put(datadog::TokenType value) { put_byte(static_cast<unsigned char>(value)); }
    void put(datadog::OwnerType value) { put_byte(static_cast<unsigned char>(value)); }
    void put(const std::string& value);
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) {
            put(*value);
        }
    }
    template <class T, std::size_t size>
    void put(const std::array<T, size>& values) {
        for (const T& value : values) {
            put(value);
        }
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put(std::uint64_t{values.size()});
        for (const T& value : values) {
            put(value);
        }
    }
    template <class Struct>
    void put(const Struct& value) {
        fields(*this, value);
    }

    template <class Integer>
    void put_little_endian(Integer value) {
        std::array<char, sizeof(Integer)> bytes;
        for (char& byte : bytes) {
            byte = static_cast<char>(value & 0xFFU);
            value = static_cast<Integer>(value >> 8U);
        }
        append({bytes.data(), bytes.size()});
    }
    void put_byte(unsigned char byte);
    void append(std::string_view bytes);

    Output& output_;
    std::string held_back_;
    std::uint64_t size_ = 0;
    std::uint32_t checksum_ = 0;
};

/// How many bytes `value` takes.
template <class T>
[[nodiscard]] std::size_t encoded_size(const T& value) {
    struct Nowhere final : Output {
        void append(std::string_view) override {}
        void overwrite_start(std::string_view) override {}
    } nowhere;
    Writer writer(nowhere);
    writer(value);
    writer.flush();
    return writer.size();
}

/// Reads what a `Writer` wrote. Bytes that it can't have written are a problem: the first one is kept, and
/// what is read from then on means nothing. No length is believed that the rest of the bytes can't hold, so
/// that what is read takes at most some thirty times the memory of its bytes.
class Reader {
  public:
    /// @param bytes must outlive the reader
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <class... T>
    void operator()(T&... values) {
        (get(values), ...);
    }
    void fixed(std::uint64_t& value) { get_little_endian(value); }
    void fixed(std::uint32_t& value) { get_little_endian(value); }

    /// A problem of the caller's own finding.
    void refuse(const char* problem) { problem_ = problem_ != nullptr ? problem_ : problem; }
    /// nullptr: none so far.
    [[nodiscard]] const char* problem() const { return problem_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    void get(bool& value) { value = get_below(2) == 1; }
    void get(std::uint64_t& value);
    void get(base::Timestamp& value);
    void get(datadog::TokenType& value) {
        value = static_cast<datadog::TokenType>(get_below(datadog::token_type_count));
    }
    void get(datadog::OwnerType& value) {
        value = static_cast<datadog::OwnerType>(get_below(datadog::owner_type_count));
    }
    void get(std::string& value);
    template <class T>
    void get(std::optional<T>& value) {
        bool there = false;
        get(there);
        if (there) {
            get(value.emplace());
        }
    }
    template <class T, std::size_t size>
    void get(std::array<T, size>& values) {
        for (T& value : values) {
            get(value);
        }
    }
    template <class T>
    void get(std::vector<T>& values) {
        // A value without texts and lists in it is the shortest there is.
        static const std::size_t shortest = encoded_size(T{});
        values.resize(get_length(shortest));
        for (T& value : values) {
            if (problem_ != nullptr) {
                return;
            }
            get(value);
        }
    }
    template <class Struct>
    void get(Struct& value) {
        fields(*this, value);
    }

    template <class Integer>
    void get_little_endian(Integer& value) {
        value = 0;
        unsigned shift = 0;
        for (const char byte : take(sizeof(Integer))) {
            value |= static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(byte)) << shift);
            shift += 8;
        }
    }
    /// A byte below `limit`.
    [[nodiscard]] unsigned char get_below(std::size_t limit);
    /// A number of things of which each takes at least `shortest` bytes.
    [[nodiscard]] std::size_t get_length(std::size_t shortest);
    /// Empty when there are fewer bytes.
    [[nodiscard]] std::string_view take(std::size_t size);

    std::string_view rest_;
    const char* problem_ = nullptr;
};

}  // namespace exporter::state
