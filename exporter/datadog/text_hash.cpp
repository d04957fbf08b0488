#include "datadog/text_hash.h"

#include <cstddef>

namespace exporter::datadog {

namespace {

constexpr std::uint64_t seed = 0xC70F6907;
constexpr std::uint64_t multiplier = 0xC6A4A7935BD1E995;

std::uint64_t mixed(std::uint64_t value) {
    return value ^ (value >> 47U);
}

/// Little-endian on every machine. Compilers make one load of eight bytes.
std::uint64_t word(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return value;
}

}  // namespace

std::uint64_t text_hash(std::string_view text) {
    constexpr std::size_t width = sizeof(std::uint64_t);
    std::uint64_t hash = seed ^ (text.size() * multiplier);
    for (; text.size() >= width; text.remove_prefix(width)) {
        hash = (hash ^ (mixed(word(text.data(), width) * multiplier) * multiplier)) * multiplier;
    }
    if (!text.empty()) {
        hash = (hash ^ word(text.data(), text.size())) * multiplier;
    }
    return mixed(mixed(hash) * multiplier);
}

}  // namespace exporter::datadog
