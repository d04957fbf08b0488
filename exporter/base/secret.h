// A credential in memory. It can't be printed: there is no operator<<, no formatter and no comparison, and
// the only access to the text is `expose()`, which a reviewer can grep for.
#pragma once

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::base {

/// Overwrites memory before freeing it.
template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class Other>
    WipingAllocator(const WipingAllocator<Other>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        explicit_bzero(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }

    bool operator==(const WipingAllocator&) const = default;
};

/// Bytes that leave no copy behind when they grow, move or are destroyed. Unlike a `std::string`'s, they are
/// always on the heap, so a moved-from object keeps none of them.
using WipedBytes = std::vector<char, WipingAllocator<char>>;

/// Owns a credential and overwrites it before freeing the memory.
class Secret {
  public:
    Secret() = default;
    /// Overwrites `text`.
    explicit Secret(std::string text) : bytes_(text.c_str(), text.c_str() + text.size() + 1) {
        const std::size_t capacity = text.capacity();
        text.resize(capacity);
        explicit_bzero(text.data(), capacity);  // not `text.size()`, of which g++ 14 warns
    }
    explicit Secret(WipedBytes bytes) : bytes_(std::move(bytes)) { bytes_.push_back('\0'); }
    Secret(const Secret& other) = default;
    Secret(Secret&& other) noexcept = default;
    Secret& operator=(Secret other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~Secret() = default;

    /// The text itself, NUL-terminated, for the one place that uses it. Valid for the lifetime of this
    /// object.
    [[nodiscard]] std::string_view expose() const {
        return bytes_.empty() ? std::string_view("") : std::string_view(bytes_.data(), bytes_.size() - 1);
    }
    [[nodiscard]] bool empty() const { return expose().empty(); }

  private:
    WipedBytes bytes_;  ///< NUL-terminated; empty for an empty string
};

}  // namespace exporter::base
