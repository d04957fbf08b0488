// Memory that is overwritten before it is given back.
#pragma once

#include <string.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace exporter::http {

template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class Other>
    WipingAllocator(const WipingAllocator<Other>& /*other*/) {}

    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) {
        ::explicit_bzero(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }

    friend bool operator==(const WipingAllocator& /*left*/, const WipingAllocator& /*right*/) { return true; }
};

/// Not a string: short ones are held in the object itself, where a move leaves them behind.
using WipedText = std::vector<char, WipingAllocator<char>>;

[[nodiscard]] inline std::string_view view(const WipedText& text) {
    return {text.data(), text.size()};
}

}  // namespace exporter::http
