// state/: what outlives a restart. One file holds what each organization's numbers rest on: its last
// published listing, the counts of it and the census that churn is measured against. The keeper takes them
// from the monitors, writes the file now and then, and hands them out at the next start. The file is written
// aside and renamed into place, and it is read with distrust: nothing of it is used before all of it was
// checked, and what is wrong with it means a cold start with a reason, never a wrong number. Knows neither
// the network nor what the numbers are for.
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

/// One organization as its last published listing left it. Never changes once made; the big parts are shared
/// with whoever shows them.
struct OrganizationState {
    std::string name;
    /// What the numbers were counted by, as the caller puts it: endpoint, filters, bounds, policies. Numbers
    /// with another fingerprint than the configuration's mean something else.
    std::string fingerprint;
    scan::Listing listing;
    std::shared_ptr<const inventory::Inventory> inventory;  ///< never null
    std::shared_ptr<const inventory::Census> census;        ///< null: no listing was complete yet
};

using States = std::vector<std::shared_ptr<const OrganizationState>>;

/// Raised with every change of what the bytes mean, and of what ids and scopes are hashed by: to a census
/// with other hashes every token looks new. A file of another format is not read.
inline constexpr std::uint32_t format_version = 6;

/// No file beyond this is read or left behind: the censuses of 20 million tokens.
inline constexpr std::uint64_t max_file_size = 256ULL * 1024 * 1024;

/// What a file holds.
struct Stored {
    States states;
    base::HashKey key = base::random_hash_key();  ///< what its censuses are hashed by
};

/// Gets the bytes in pieces of some 64 KiB, so that a census of a million tokens is not held twice.
using Output = std::function<void(std::string_view bytes)>;

/// The file's bytes: a line that says what it is, the format, the key of its hashes, the organizations, and a
/// CRC-32 of all of that.
///
/// @param states in the order of their names
void write(const States& states, const base::HashKey& key, const Output& output);

/// What `write` wrote, or why the bytes are not that; to follow a path and a colon: `it is torn …`.
///
/// Whatever the bytes are, this neither throws (but for want of memory) nor takes more memory than some
/// thirty times their size. What is returned keeps the promises of `Inventory` and `Census` that its readers
/// rely on: vectors as long as their bucket names, no series twice, labels that are harmless.
[[nodiscard]] tl::expected<Stored, std::string> decode(std::string_view bytes);

/// Whether the bytes begin like a state file of any version, or are the torn beginning of one (of no length
/// at all, for example).
[[nodiscard]] bool looks_like_state(std::string_view bytes);

/// Why a file is not used.
struct Refusal {
    std::string why;  ///< to follow a path and a colon
    /// Whether it is, or once was, a state file, which the next one may replace. Anything else at the path
    /// was not meant to be lost.
    bool replaceable = false;
};

/// What the state file holds; no states and a new key where there is none yet. A symbolic link is not
/// followed, and what others may have written is not used.
[[nodiscard]] tl::expected<Stored, Refusal> read_state_file(const std::string& path);

/// Replaces the state file, whole or not at all, by one for its owner alone. It takes the place of nothing or
/// of a state file, of whatever version; anything else at the path is left alone. The error has path and
/// reason.
[[nodiscard]] tl::expected<void, std::string> write_state_file(const std::string& path, const States& states,
                                                               const base::HashKey& key);

}  // namespace exporter::state
