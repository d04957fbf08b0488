// Contents of state files: what the program writes, and what only a bug or an attacker would write.
#pragma once

#include "state/state_file.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::state {

[[nodiscard]] inline std::string encode(const States& states, const base::HashKey& key) {
    std::string text;
    write(states, key, [&text](std::string_view bytes) { text.append(bytes); });
    return text;
}

inline constexpr std::size_t state_checksum_size = 4;

/// The organizations in a file, between its header and its checksum.
[[nodiscard]] inline std::string organizations_in(const std::string& file) {
    const std::size_t head = encode({}, {}).size() - state_checksum_size;
    return file.substr(head, file.size() - head - state_checksum_size);
}

/// `organizations` with a valid header and checksum.
[[nodiscard]] inline std::string framed(std::string_view organizations, const base::HashKey& key) {
    std::string file = encode({}, key);
    file.resize(file.size() - state_checksum_size);
    file.append(organizations);
    auto checksum =
        static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(file.data()), file.size()));
    for (std::size_t i = 0; i < state_checksum_size; ++i) {
        file.push_back(static_cast<char>(checksum & 0xFFU));
        checksum >>= 8U;
    }
    return file;
}

}  // namespace exporter::state
