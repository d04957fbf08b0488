// state/: data that survives a restart. One file holds the data behind each organization's numbers: its last
// published listing, the counts from that listing, and the census that churn is measured against. The keeper
// gets the data from the monitors, writes the file at most once a minute, and restores the data at the next
// start. The file is replaced atomically. Its content is not trusted: the whole file is checked before any of
// it is used, and any fault in it leads to a cold start with a reported reason, never to a wrong number.
// Knows neither the network nor what the numbers are used for.
#pragma once

#include "base/text_hash.h"
#include "inventory/inventory.h"
#include "scan/statistics.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::state {

/// One organization's data after its last published listing. Immutable; the large parts are shared with the
/// code that shows them.
struct OrganizationState {
    std::string name;
    /// The settings that determine the numbers, in the caller's encoding: endpoint, filters, bounds,
    /// policies. If the configuration has a different fingerprint, the numbers mean something else.
    std::string fingerprint;
    scan::Listing listing;
    std::shared_ptr<const inventory::Inventory> inventory;  ///< never null
    std::shared_ptr<const inventory::Census> census;        ///< null: no complete listing yet
};

using States = std::vector<std::shared_ptr<const OrganizationState>>;

/// Raise it whenever the meaning of the bytes changes, or the hashing of ids and scopes: compared with a
/// census with other hashes, every token looks new. Files in another format are not read.
inline constexpr std::uint32_t format_version = 6;

/// Larger files are neither read nor saved. Enough for the censuses of 20 million tokens.
inline constexpr std::uint64_t max_file_size = 256ULL * 1024 * 1024;

/// The content of a state file.
struct Stored {
    States states;
    base::HashKey key = base::random_hash_key();  ///< the key of the censuses' hashes
};

/// Receives the bytes in pieces of about 64 KiB, so that a census of a million tokens is not in memory twice.
using Output = std::function<void(std::string_view bytes)>;

/// Writes the content of the file: a line that identifies it, the format version, the hash key, the
/// organizations, and a CRC-32 of everything before it.
///
/// @param states sorted by name
void write(const States& states, const base::HashKey& key, const Output& output);

/// Decodes what `write` wrote. The error says why that fails, worded to follow a path and a colon: `it is
/// truncated …`.
///
/// Whatever the bytes are, this throws only if memory runs out, and uses at most about thirty times their
/// size in memory. The result has the invariants of `Inventory` and `Census` that their users rely on:
/// vectors as long as the list of bucket names, no duplicate series, and safe labels.
[[nodiscard]] tl::expected<Stored, std::string> decode(std::string_view bytes);

/// Whether the bytes begin like a state file of any version, or are the beginning of a truncated one (which
/// may be empty).
[[nodiscard]] bool looks_like_state(std::string_view bytes);

/// Why a file is not used.
struct Refusal {
    std::string why;  ///< worded to follow a path and a colon
    /// Whether it is, or once was, a state file, so that the next one may replace it. Anything else at the
    /// path must not be lost.
    bool replaceable = false;
};

/// Reads the state file. If there is none yet, returns no states and a new key. A symbolic link is not
/// followed, and a file that others may have written is not used.
[[nodiscard]] tl::expected<Stored, Refusal> read_state_file(const std::string& path);

/// Replaces the state file atomically; only the owner can access the new one. An existing file is replaced
/// only if it is a state file, of any version; anything else at the path is left alone. The error has path
/// and reason.
[[nodiscard]] tl::expected<void, std::string> write_state_file(const std::string& path, const States& states,
                                                               const base::HashKey& key);

}  // namespace exporter::state
