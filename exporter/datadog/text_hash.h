// One hash for ids and scopes, wherever they are kept as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace exporter::datadog {

/// MurmurHash64A. The same on every machine and in every build, so that hashes may outlive the process.
///
/// Without a key: whoever may choose the text can make two that collide. Ids are UUIDs that Datadog makes;
/// where texts are free, as scopes are, a hash must not stand for its text.
[[nodiscard]] std::uint64_t text_hash(std::string_view text);

/// Which of so many places a hash belongs to: as many hashes to each, and a larger hash never before a
/// smaller one.
///
/// @param places at least 1
[[nodiscard]] inline std::size_t place_of(std::uint64_t hash, std::size_t places) {
    __extension__ using Wide = unsigned __int128;
    // cppcheck-suppress shiftTooManyBits ; it has 128 of them
    return static_cast<std::size_t>((Wide{hash} * places) >> 64U);
}

}  // namespace exporter::datadog
