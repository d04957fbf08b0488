// Chance, the same on every platform: the standard distributions are not, so these few are written out.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>

namespace exporter::demo {

/// Scatters the bits of `value` (the finalizer of splitmix64, a bijection).
[[nodiscard]] constexpr std::uint64_t scatter(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

/// A number that stays with a text (FNV-1a): decides what is arbitrary about a token but must not change.
[[nodiscard]] constexpr std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
    }
    return scatter(hash);
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// 0 to `bound` - 1; `bound` is at least 1.
    [[nodiscard]] std::size_t below(std::size_t bound) {
        return static_cast<std::size_t>(engine_() % static_cast<std::uint64_t>(bound));
    }

    /// In [0, 1).
    [[nodiscard]] double fraction() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }

    [[nodiscard]] bool chance(double probability) { return fraction() < probability; }

    [[nodiscard]] double exponential(double mean) { return -std::log(1.0 - fraction()) * mean; }

    template <class T, std::size_t extent>
    [[nodiscard]] const T& pick(std::span<const T, extent> choices) {
        return choices[below(choices.size())];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace exporter::demo
