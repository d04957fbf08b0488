// The state file's bytes: a line that says what the file is, format, length, a check of the hashes, their key
// and a CRC-32 of all of it; then the organizations.
#pragma once

#include "datadog/text_hash.h"
#include "state/archive.h"
#include "state/organization_state.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::state {

/// Raised with every change of what the bytes mean. Format 1 is read as well, whose censuses were hashed
/// without a key: all but what changed between its listing and the next is taken over.
inline constexpr std::uint32_t format_version = 2;

/// What a file's censuses are hashed by.
struct Hashing {
    std::uint64_t check = 0;  ///< of the function, see `hash_check`
    datadog::HashKey key;     ///< of this file
};

/// What a file holds.
struct Stored {
    States states;
    std::optional<datadog::HashKey> key;  ///< nullopt: it has none, and no census that can be compared
};

/// Tells the hashes that this program counts by from those of a version that hashes otherwise: to a census
/// with other hashes every token looks new.
[[nodiscard]] std::uint64_t hash_check();

/// Writes `states` in small pieces, so that a census of a million tokens is not held twice.
void write(const States& states, const Hashing& hashing, Output& output);

/// The same as one text.
[[nodiscard]] std::string encode(const States& states, const Hashing& hashing);

/// What `write` wrote, or why the bytes are not that; to follow a path and a colon: `it is torn: …`.
///
/// Whatever the bytes are, this neither throws (but for want of memory) nor takes more memory than some
/// thirty times their size. What is returned keeps the promises of `Inventory` and `Census` that its readers
/// rely on: vectors as long as their bucket names, no series twice, labels that are harmless.
///
/// @param check `hash_check`, as it was written
[[nodiscard]] tl::expected<Stored, std::string> decode(std::string_view bytes, std::uint64_t check);

/// Whether the bytes begin like a state file of any version, or are the torn beginning of one (of no length
/// at all, for example).
[[nodiscard]] bool looks_like_state(std::string_view bytes);

/// `organizations` as they follow the header, with a header that is right for them: for tests of what only a
/// defect or an attacker writes.
[[nodiscard]] std::string framed(std::string_view organizations, const Hashing& hashing);

}  // namespace exporter::state
